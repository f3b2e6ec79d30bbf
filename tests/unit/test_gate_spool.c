/* The spool holds together over restarts and cuts; the sealed code opens once. */
#include "tests/unit/check_main.h"

#include "change/decision/gate_glass.h"
#include "change/decision/gate_spool.h"
#include "lib/base/json.h"
#include "tests/unit/test_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64], path[96];

static void make(void)
{
	test_directory(directory, sizeof(directory), "spool");
	snprintf(path, sizeof(path), "%s/spool", directory);
}

static void drop(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

static struct gate_spool *spool_open(void)
{
	struct gate_spool *spool = NULL;
	struct error err = ERROR_INIT;

	ck_assert_msg(gate_spool_open(path, &spool, &err) == 0, "%s", err.message);
	return spool;
}

static void add(struct gate_spool *spool, int64_t number)
{
	json_t *what = json_object();

	json_set_int(what, "number", number);
	ck_assert_int_eq(gate_spool_add(spool, "end", what, NULL), 0);
	json_decref(what);
}

static int64_t first_number(struct gate_spool *spool)
{
	json_t *record = NULL;
	const char *text = gate_spool_first(spool);
	int64_t number;

	if (!text)
		return -1;
	ck_assert_int_eq(json_parse(text, strlen(text), 8, &record, NULL), 0);
	number = json_integer_value(json_object_get(record, "number"));
	json_decref(record);
	return number;
}

START_TEST(records_wait_over_restarts)
{
	struct gate_spool *spool;

	make();
	spool = spool_open();
	ck_assert_ptr_null(gate_spool_first(spool));
	for (int64_t i = 1; i <= 3; i++)
		add(spool, i);
	ck_assert_int_eq(first_number(spool), 1);
	ck_assert_int_eq(gate_spool_taken(spool, NULL), 0);
	gate_spool_close(spool);
	spool = spool_open();
	ck_assert_int_eq(first_number(spool), 2);
	add(spool, 4);
	for (int64_t i = 2; i <= 4; i++) {
		ck_assert_int_eq(first_number(spool), i);
		ck_assert_int_eq(gate_spool_taken(spool, NULL), 0);
	}
	ck_assert_ptr_null(gate_spool_first(spool));
	gate_spool_close(spool);
	drop();
}
END_TEST

START_TEST(half_a_line_at_the_end_is_none)
{
	struct gate_spool *spool;
	struct stat before, after;
	int fd;

	make();
	spool = spool_open();
	add(spool, 1);
	gate_spool_close(spool);
	stat(path, &before);
	fd = open(path, O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "{\"chain\":", 9), 9);
	close(fd);
	spool = spool_open();
	stat(path, &after);
	ck_assert_int_eq(before.st_size, after.st_size);
	add(spool, 2);
	gate_spool_close(spool);
	spool = spool_open();
	ck_assert_int_eq(first_number(spool), 1);
	gate_spool_close(spool);
	drop();
}
END_TEST

START_TEST(a_hand_in_the_spool_is_found)
{
	struct gate_spool *spool;
	struct error err = ERROR_INIT;
	char command[200];

	make();
	spool = spool_open();
	add(spool, 1);
	add(spool, 2);
	gate_spool_close(spool);
	snprintf(command, sizeof(command), "sed -i 's/\"number\":1/\"number\":7/' '%s'", path);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(gate_spool_open(path, &spool, &err), ERROR_TAMPERED);
	snprintf(command, sizeof(command), "sed -i 1d '%s'", path);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(gate_spool_open(path, &spool, &err), ERROR_TAMPERED);
	drop();
}
END_TEST

START_TEST(a_code_opens_once)
{
	char first[GLASS_CODE_SIZE], second[GLASS_CODE_SIZE], glass[128];
	struct stat info;

	make();
	snprintf(glass, sizeof(glass), "%s/glass", directory);
	ck_assert(!gate_glass_use(glass, "x"));
	ck_assert_int_eq(gate_glass_new(glass, first, NULL), 0);
	ck_assert_int_eq(gate_glass_new(glass, second, NULL), 0);
	ck_assert_uint_eq(strlen(second), 29);
	ck_assert_str_ne(first, second);
	ck_assert_int_eq(stat(glass, &info), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0600);
	ck_assert(!gate_glass_use(glass, first));
	ck_assert(!gate_glass_use(glass, ""));
	ck_assert(!gate_glass_use(glass, NULL));
	ck_assert(gate_glass_use(glass, second));
	ck_assert(!gate_glass_use(glass, second));
	drop();
}
END_TEST

START_TEST(a_code_that_others_can_read_is_none)
{
	char code[GLASS_CODE_SIZE], glass[128];

	make();
	snprintf(glass, sizeof(glass), "%s/glass", directory);
	ck_assert_int_eq(gate_glass_new(glass, code, NULL), 0);
	ck_assert_int_eq(chmod(glass, 0644), 0);
	ck_assert(!gate_glass_use(glass, code));
	ck_assert_int_eq(chmod(glass, 0600), 0);
	ck_assert(gate_glass_use(glass, code));
	drop();
}
END_TEST

CHECK_MAIN("gate spool", &records_wait_over_restarts, &half_a_line_at_the_end_is_none,
	&a_hand_in_the_spool_is_found, &a_code_opens_once, &a_code_that_others_can_read_is_none)
