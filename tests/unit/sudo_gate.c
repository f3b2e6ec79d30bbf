#include "sudo_gate.h"

#include "lib/base/time.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static atomic_int answer = GATE_DENY;
static atomic_uint allows;

void sudo_gate_answer(enum gate_verdict_word verdict)
{
	answer = (int)verdict;
}

unsigned sudo_gate_allows(void)
{
	return allows;
}

static void reply(struct buf *out, const struct gate_message *asked)
{
	struct gate_verdict verdict = {.verdict = (enum gate_verdict_word)answer,
		.reason = "used_up",
		.message = "used",
		.decision = "DEC-1",
		.change = "",
		.grant = "",
		.run = "",
		.detail = "{}"};

	if (asked->kind != GATE_DECIDE) {
		gate_encode_noted(out, NULL);
		return;
	}
	memcpy(verdict.nonce, asked->request.nonce, sizeof(verdict.nonce));
	if (verdict.verdict == GATE_ALLOW) {
		verdict.reason = "ok_grant";
		verdict.change = "CHG-7";
		verdict.run = SUDO_GATE_RUN;
		verdict.grant = "GRANT-1";
		verdict.must = GATE_MUST_PARENT | GATE_MUST_RECORD;
		verdict.lease_s = 60;
		verdict.expires_at_us = time_now_us() + 4000000;
		allows++;
	}
	gate_encode_verdict(out, &verdict, NULL);
}

static void serve(int fd)
{
	char *packet = malloc(GATE_MESSAGE_MAX);
	ssize_t length;

	while ((length = recv(fd, packet, GATE_MESSAGE_MAX, 0)) > 0) {
		struct arena arena = ARENA_INIT;
		struct gate_message message;
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;

		if (gate_decode(&arena, packet, (size_t)length, &message, &err) == 0) {
			reply(&out, &message);
			send(fd, out.bytes, out.length, MSG_NOSIGNAL);
		}
		buf_done(&out);
		arena_done(&arena);
	}
	free(packet);
	close(fd);
}

static void *serve_one(void *fd)
{
	serve((int)(intptr_t)fd);
	return NULL;
}

static void *accept_all(void *listener)
{
	pthread_t thread;
	int fd;

	while ((fd = accept((int)(intptr_t)listener, NULL, NULL)) >= 0)
		if (pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)fd) == 0)
			pthread_detach(thread);
	return NULL;
}

void sudo_gate_start(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	pthread_t thread;

	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)fd), 0);
	pthread_detach(thread);
}
