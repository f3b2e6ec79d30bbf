#include "change/gate/gate_client.h"

#include "change/gate/quote.h"
#include "lib/base/id.h"
#include "lib/base/time.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NS_PER_MS 1000000

/* Connection. */

static int wait_for(int fd, short events, int64_t deadline_ns, struct error *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};

	for (;;) {
		int64_t left_ns = deadline_ns - time_mono_ns();
		int ready;

		if (left_ns <= 0)
			return error_set(err, ERROR_TIMEOUT, "the gate did not answer in time");
		ready = poll(&poll_fd, 1, (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS));
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return error_errno(err, ERROR_IO, "waiting for the gate");
	}
}

static int fill_address(const char *path, struct sockaddr_un *ret, struct error *err)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		return error_set(err, ERROR_INVALID, "the socket's path is too long: %s", path);
	memcpy(ret->sun_path, path, strlen(path));
	return 0;
}

/* A full queue of the listener says EAGAIN at once: try again until the deadline. */
static int connect_by(int fd, const struct sockaddr_un *address, int64_t deadline_ns)
{
	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || time_mono_ns() >= deadline_ns)
			return -1;
		poll(NULL, 0, 1);
	}
	return 0;
}

static int check_peer(int fd, uid_t expected, struct error *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || size != sizeof(peer))
		return error_errno(err, ERROR_IO, "who listens at the gate's socket");
	if (peer.uid != expected)
		return error_set(err, ERROR_FORBIDDEN,
			"uid %u listens at the gate's socket, and it must be uid %u",
			(unsigned)peer.uid, (unsigned)expected);
	return 0;
}

int gate_client_connect(struct gate_client *client, int64_t deadline_ns, struct error *err)
{
	struct sockaddr_un address;
	int code = fill_address(client->config->socket, &address, err), fd;

	if (code < 0 || client->fd >= 0)
		return code;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, ERROR_IO, "a socket");
	if (connect_by(fd, &address, deadline_ns) < 0) {
		error_errno(err, ERROR_UNREACHABLE, client->config->socket);
		code = error_prefix(err, "the gate of this host cannot be reached");
	} else
		code = check_peer(fd, client->config->server_uid, err);
	if (code < 0) {
		close(fd);
		return code;
	}
	client->fd = fd;
	return 0;
}

void gate_client_close(struct gate_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

/* Messages. */

int gate_client_send(struct gate_client *client, const struct buf *message, int64_t deadline_ns,
	struct error *err)
{
	for (;;) {
		ssize_t sent = send(
			client->fd, message->bytes, message->length, MSG_NOSIGNAL | MSG_DONTWAIT);
		int code;

		if (sent == (ssize_t)message->length)
			return 0;
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent >= 0 || errno != EAGAIN)
			return error_errno(err, ERROR_UNREACHABLE, "asking the gate");
		code = wait_for(client->fd, POLLOUT, deadline_ns, err);
		if (code < 0)
			return code;
	}
}

static size_t take_fds(struct msghdr *header, int fds[static GATE_FDS_MAX])
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t in_it;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		in_it = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds + count, CMSG_DATA(c), in_it * sizeof(int));
		count += in_it;
	}
	return count;
}

static void close_fds(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

static ssize_t receive_packet(int fd, struct msghdr *header)
{
	ssize_t got;

	do
		got = recvmsg(fd, header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Of the next packet, at most that of a message: most are short, and the room for the longest is
 * the kernel's work. */
static size_t length_to_come(int fd)
{
	ssize_t length;

	do
		length = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	while (length < 0 && errno == EINTR);
	return length < 0 || length > (ssize_t)GATE_MESSAGE_MAX ? GATE_MESSAGE_MAX : (size_t)length;
}

static int decode_packet(struct arena *arena, const char *bytes, ssize_t got, int flags,
	struct gate_message *ret, struct error *err)
{
	if (got == 0)
		return error_set(err, ERROR_UNREACHABLE, "the gate closed the connection");
	if (flags & (MSG_TRUNC | MSG_CTRUNC))
		return error_set(err, ERROR_INVALID, "the gate's answer is longer than a message");
	return gate_decode(arena, bytes, (size_t)got, ret, err);
}

int gate_client_receive(struct gate_client *client, struct arena *arena, int64_t deadline_ns,
	struct gate_message *ret, int *fds, size_t *ret_fd_count, struct error *err)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(GATE_FDS_MAX * sizeof(int))];
	} control;
	int came[GATE_FDS_MAX], code = wait_for(client->fd, POLLIN, deadline_ns, err);
	size_t length = code == 0 ? length_to_come(client->fd) : 0;
	char *bytes = code == 0 ? malloc(length + 1) : NULL;
	struct iovec part = {bytes, length};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	size_t count;
	ssize_t got;

	if (code < 0)
		return code;
	got = bytes ? receive_packet(client->fd, &header) : -1;
	if (got < 0) {
		code = error_errno(err, ERROR_UNREACHABLE, "hearing the gate");
		free(bytes);
		return code;
	}
	count = take_fds(&header, came);
	code = decode_packet(arena, bytes, got, header.msg_flags, ret, err);
	if (code == 0 && count && !fds)
		code = error_set(err, ERROR_INVALID, "descriptors came with the gate's answer");
	free(bytes);
	if (code < 0 || !fds) {
		close_fds(came, count);
		return code;
	}
	memcpy(fds, came, count * sizeof(int));
	*ret_fd_count = count;
	return 0;
}

/* Verdicts. */

void gate_deny(struct arena *arena, struct gate_verdict *ret, enum gate_reason reason,
	const char *format, ...)
{
	struct buf detail = BUF_INIT;
	const char *message;
	va_list args;

	va_start(args, format);
	message = arena_vformat(arena, format, args);
	va_end(args);
	*ret = (struct gate_verdict){.verdict = GATE_DENY,
		.reason = gate_reason_word(reason),
		.message = message,
		.decision = "",
		.change = "",
		.grant = "",
		.run = ""};
	buf_add_format(&detail,
		"{\"schema\":1,\"verdict\":\"deny\",\"reason\":\"%s\",\"exit_code\":%d,"
		"\"message\":",
		ret->reason, gate_reason_exit(reason));
	quote_add(&detail, message, strlen(message));
	buf_add_char(&detail, '}');
	ret->detail = arena_text(arena, buf_text(&detail));
	buf_done(&detail);
}

bool gate_verdict_is_live(const struct gate_verdict *verdict)
{
	int64_t left_us = verdict->expires_at_us - time_now_us();

	return left_us > 0 && left_us <= 2 * GATE_ALLOW_LIVE_US;
}

static void draw_names(struct arena *arena, struct gate_request *request)
{
	uint8_t bytes[32];
	char hex[2 * sizeof(bytes) + 1];

	id_random(bytes, sizeof(bytes));
	bytes[22] = (uint8_t)((bytes[22] & 0x0F) | 0x40);
	bytes[24] = (uint8_t)((bytes[24] & 0x3F) | 0x80);
	sodium_bin2hex(hex, sizeof(hex), bytes, sizeof(bytes));
	memcpy(request->nonce, hex, GATE_NONCE_SIZE - 1);
	request->nonce[GATE_NONCE_SIZE - 1] = 0;
	if (!request->request_id)
		request->request_id = arena_format(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex + 32,
			hex + 40, hex + 44, hex + 48, hex + 52);
}

/* The change and step of the question stay in a denial, for the line that people read. */
static void keep_names(const struct gate_request *request, struct gate_verdict *ret)
{
	ret->change = request->change ? request->change : "";
	ret->step = request->step;
}

static bool is_signature_good(const struct gate_config *config, const struct gate_verdict *verdict,
	const struct buf *asked)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	struct buf bytes = BUF_INIT;
	bool is_good;

	if (!config->has_key)
		return true;
	crypto_hash_sha256(digest, (const unsigned char *)asked->bytes, asked->length);
	gate_attest_bytes(&bytes, verdict, digest);
	is_good = verdict->is_signed &&
		  crypto_sign_verify_detached(verdict->signature,
			  (const unsigned char *)bytes.bytes, bytes.length, config->key) == 0;
	buf_done(&bytes);
	return is_good;
}

/* An allow has a reason that allows, and a run where a grant was taken. */
static bool is_consistent(const struct gate_request *request, const struct gate_verdict *verdict)
{
	enum gate_reason reason;

	if (!gate_reason_parse(verdict->reason, &reason))
		return false;
	if ((gate_reason_verdict(reason) == GATE_ALLOW) != (verdict->verdict == GATE_ALLOW))
		return false;
	if (verdict->verdict == GATE_ALLOW && (verdict->must & GATE_WANTS_KEY))
		return false;
	return verdict->verdict != GATE_ALLOW || request->kind == GATE_CHECK ||
	       reason == REASON_OK_READONLY || verdict->run[0];
}

static void check_verdict(struct gate_client *client, struct arena *arena,
	const struct gate_request *request, const struct buf *asked, int64_t asked_at_us,
	struct gate_verdict *ret)
{
	int64_t now_us = time_now_us();

	if (strcmp(ret->nonce, request->nonce) != 0)
		gate_deny(arena, ret, REASON_GATE_UNAVAILABLE,
			"the gate answered another question than the one asked");
	else if (!is_signature_good(client->config, ret, asked))
		gate_deny(arena, ret, REASON_BAD_SIGNATURE,
			"the answer is not signed by the key in " GATE_CONFIG_PATH);
	else if (!is_consistent(request, ret))
		gate_deny(arena, ret, REASON_GATE_UNAVAILABLE,
			"the gate's answer contradicts itself");
	else if (ret->verdict != GATE_ALLOW)
		return;
	else if (now_us < asked_at_us)
		gate_deny(arena, ret, REASON_CLOCK_SKEW,
			"this host's clock went back while the gate was asked");
	else if (ret->expires_at_us <= now_us)
		gate_deny(arena, ret, REASON_GATE_UNAVAILABLE,
			"the gate's allow is over: it came too late, or the clocks differ");
	else if (ret->expires_at_us - now_us > 2 * GATE_ALLOW_LIVE_US)
		gate_deny(arena, ret, REASON_CLOCK_SKEW,
			"the gate's clock is ahead of this host's: its allow would last %lld s",
			(long long)((ret->expires_at_us - now_us) / 1000000));
}

static int exchange(struct gate_client *client, struct arena *arena, const struct buf *question,
	struct gate_message *ret, int *fds, size_t *ret_fd_count, struct error *err)
{
	int64_t deadline_ns = time_mono_ns() + (int64_t)GATE_DEADLINE_MS * NS_PER_MS;
	int code = gate_client_connect(client, deadline_ns, err);

	if (code == 0)
		code = gate_client_send(client, question, deadline_ns, err);
	if (code == 0)
		code = gate_client_receive(client, arena, deadline_ns, ret, fds, ret_fd_count, err);
	if (code == 0 && ret->kind == GATE_FAULT) {
		code = error_set(err, ERROR_REFUSED, "the gate refused the question: %s",
			ret->fault.message);
		error_field(err, "%s", ret->fault.field);
	}
	if (code < 0)
		gate_client_close(client);
	return code;
}

void gate_ask(struct gate_client *client, struct arena *arena, struct gate_request *request,
	struct gate_verdict *ret)
{
	int64_t asked_at_us = time_now_us();
	struct error err = ERROR_INIT;
	struct gate_message answer = {.kind = GATE_FAULT};
	struct buf question = BUF_INIT;
	int code;

	draw_names(arena, request);
	code = gate_encode_request(&question, request, &err);
	if (code == 0)
		code = exchange(client, arena, &question, &answer, NULL, NULL, &err);
	if (code == 0 && answer.kind != GATE_VERDICT)
		code = error_set(&err, ERROR_INVALID, "the gate's answer is no verdict");
	if (code == ERROR_TOO_LARGE) {
		gate_deny(arena, ret, REASON_OPAQUE, "%s", err.message);
	} else if (code < 0) {
		gate_deny(arena, ret, REASON_GATE_UNAVAILABLE, "%s", err.message);
	} else {
		*ret = answer.verdict;
		check_verdict(client, arena, request, &question, asked_at_us, ret);
	}
	if (!ret->change[0])
		keep_names(request, ret);
	if (ret->verdict != GATE_ALLOW)
		gate_client_close(client);
	buf_done(&question);
}

int gate_fetch(struct gate_client *client, struct arena *arena, const struct gate_fetch *fetch,
	struct gate_step *ret, int fds[static GATE_FDS_MAX], size_t *ret_fd_count,
	struct error *err)
{
	struct buf question = BUF_INIT;
	struct gate_message answer = {.kind = GATE_FAULT};
	size_t count = 0;
	int code = gate_encode_fetch(&question, fetch, err);

	if (code == 0)
		code = exchange(client, arena, &question, &answer, fds, &count, err);
	buf_done(&question);
	if (code < 0)
		return code;
	if (answer.kind != GATE_STEP || strcmp(answer.step.change, fetch->change) != 0 ||
		(fetch->step && answer.step.step != fetch->step))
		code = error_set(err, ERROR_INVALID, "the gate's answer is not the step asked for");
	else if (count != answer.step.exec.content_count)
		code = error_set(err, ERROR_INVALID, "%zu contents came and the step has %zu",
			count, answer.step.exec.content_count);
	if (code < 0) {
		close_fds(fds, count);
		gate_client_close(client);
		return code;
	}
	*ret = answer.step;
	*ret_fd_count = count;
	return 0;
}

/* STOP may still come for a run that has ended. */
static int hear_noted(struct gate_client *client, int64_t deadline_ns, struct error *err)
{
	for (;;) {
		struct arena arena = ARENA_INIT;
		struct gate_message answer = {.kind = GATE_FAULT};
		int code =
			gate_client_receive(client, &arena, deadline_ns, &answer, NULL, NULL, err);

		if (code == 0 && answer.kind == GATE_FAULT)
			code = error_set(err, ERROR_REFUSED, "%s", answer.fault.message);
		arena_done(&arena);
		if (code < 0 || answer.kind == GATE_NOTED)
			return code;
	}
}

static int tell_once(struct gate_client *client, const struct buf *message, struct error *err)
{
	int64_t deadline_ns = time_mono_ns() + (int64_t)GATE_DEADLINE_MS * NS_PER_MS;
	int code = gate_client_connect(client, deadline_ns, err);

	if (code == 0)
		code = gate_client_send(client, message, deadline_ns, err);
	if (code == 0)
		code = hear_noted(client, deadline_ns, err);
	if (code < 0)
		gate_client_close(client);
	return code;
}

int gate_tell_end(struct gate_client *client, const struct gate_end *end, struct error *err)
{
	struct buf message = BUF_INIT;
	int code = gate_encode_end(&message, end, err);

	if (code == 0)
		code = tell_once(client, &message, err);
	if (code == ERROR_UNREACHABLE)
		code = tell_once(client, &message, err);
	buf_done(&message);
	return code;
}
