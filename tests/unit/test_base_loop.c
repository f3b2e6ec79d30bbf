#include "lib/base/loop.h"
#include "lib/base/time.h"

#include "check_main.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

struct world {
	struct loop *loop;
	struct loop_timer *timer;
	char order[64];
	int fired, busy_left, turns, done;
	atomic_int running, most_running;
};

static struct world world;

static void begin(void)
{
	memset(&world, 0, sizeof(world));
	ck_assert_int_eq(loop_open(&world.loop, NULL), 0);
}

static void end(void)
{
	loop_close(world.loop);
}

static void add(const char *word)
{
	strcat(world.order, word);
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop(world.loop);
}

static bool turn_letter(void *arg)
{
	add(arg);
	return false;
}

START_TEST(turn_hooks_run_in_rising_order)
{
	begin();
	loop_on_turn_end(world.loop, LOOP_ORDER_SERVER, turn_letter, (char *)"v");
	loop_on_turn_end(world.loop, LOOP_ORDER_STORE, turn_letter, (char *)"s");
	loop_on_turn_end(world.loop, LOOP_ORDER_FEED, turn_letter, (char *)"f");
	loop_on_turn_end(world.loop, LOOP_ORDER_CLIENT, turn_letter, (char *)"c");
	loop_off_turn_end(world.loop, turn_letter, (char *)"f");
	loop_soon(world.loop, stop, NULL);
	loop_run(world.loop);
	ck_assert_int_eq(strncmp(world.order, "scvscv", 6), 0);
	end();
}
END_TEST

static bool turn_busy(void *arg)
{
	(void)arg;
	world.turns++;
	if (world.busy_left == 0)
		return false;
	return --world.busy_left > 0;
}

START_TEST(a_busy_hook_keeps_the_loop_awake_and_an_idle_one_lets_it_sleep)
{
	int64_t start_ms;

	begin();
	world.busy_left = 1000;
	loop_on_turn_end(world.loop, LOOP_ORDER_STORE, turn_busy, NULL);
	world.timer = loop_timer_new(world.loop, stop, NULL);
	start_ms = time_mono_ms();
	loop_timer_start(world.timer, 500, 0);
	loop_run(world.loop);
	ck_assert_int_ge(world.turns, 1000);
	ck_assert_int_lt(world.turns, 1010);
	ck_assert_int_ge(time_mono_ms() - start_ms, 499);
	loop_timer_free(world.timer);
	end();
}
END_TEST

static void soon_again(void *arg)
{
	add(arg);
	if (strlen(world.order) > 6)
		loop_stop(world.loop);
	else
		loop_soon(world.loop, soon_again, arg);
}

START_TEST(soon_means_the_next_turn_never_now)
{
	begin();
	loop_on_turn_end(world.loop, LOOP_ORDER_STORE, turn_letter, (char *)"|");
	loop_soon(world.loop, soon_again, (char *)"x");
	ck_assert_str_eq(world.order, "");
	loop_run(world.loop);
	ck_assert_int_eq(strncmp(world.order, "|x|x|x|", 7), 0);
	end();
}
END_TEST

static void fire_twice(void *arg)
{
	(void)arg;
	if (++world.fired == 2) {
		loop_timer_free(world.timer);
		world.timer = NULL;
		loop_soon(world.loop, stop, NULL);
	}
}

START_TEST(a_timer_repeats_and_may_free_itself)
{
	begin();
	world.timer = loop_timer_new(world.loop, fire_twice, NULL);
	loop_timer_start(world.timer, 5, 5);
	loop_run(world.loop);
	ck_assert_int_eq(world.fired, 2);
	ck_assert_ptr_null(world.timer);
	end();
}
END_TEST

static void count(void *arg)
{
	(void)arg;
	world.fired++;
}

START_TEST(a_stopped_timer_does_not_fire)
{
	struct loop_timer *ender;

	begin();
	world.timer = loop_timer_new(world.loop, count, NULL);
	ender = loop_timer_new(world.loop, stop, NULL);
	loop_timer_start(world.timer, 10, 0);
	loop_timer_stop(world.timer);
	loop_timer_start(ender, 40, 0);
	loop_run(world.loop);
	ck_assert_int_eq(world.fired, 0);
	loop_timer_free(ender);
	loop_timer_free(NULL);
	end();
}
END_TEST

static void work(void *arg)
{
	int now = atomic_fetch_add(&world.running, 1) + 1;

	(void)arg;
	if (now > atomic_load(&world.most_running))
		atomic_store(&world.most_running, now);
	usleep(30000);
	atomic_fetch_sub(&world.running, 1);
}

static void work_done(void *arg)
{
	(void)arg;
	if (++world.done == 6)
		loop_stop(world.loop);
}

START_TEST(at_most_two_works_run_at_a_time)
{
	begin();
	for (int i = 0; i < 6; i++)
		loop_work(world.loop, work, work_done, NULL);
	loop_run(world.loop);
	ck_assert_int_eq(world.done, 6);
	ck_assert_int_eq(atomic_load(&world.most_running), 2);
	end();
}
END_TEST

static void raise_hangup(void *arg)
{
	(void)arg;
	raise(SIGHUP);
}

static void on_hangup(void *arg)
{
	(void)arg;
	if (++world.fired == 2)
		raise(SIGTERM);
	else
		loop_soon(world.loop, raise_hangup, NULL);
}

START_TEST(signals_call_on_the_loop)
{
	begin();
	loop_on_signal(world.loop, SIGHUP, on_hangup, NULL);
	loop_on_signal(world.loop, SIGTERM, stop, NULL);
	loop_soon(world.loop, raise_hangup, NULL);
	loop_run(world.loop);
	ck_assert_int_eq(world.fired, 2);
	end();
}
END_TEST

START_TEST(closing_frees_what_is_left)
{
	begin();
	world.timer = loop_timer_new(world.loop, count, NULL);
	loop_timer_start(world.timer, 1, 1);
	loop_on_signal(world.loop, SIGINT, stop, NULL);
	loop_soon(world.loop, count, NULL);
	loop_work(world.loop, work, work_done, NULL);
	end();
	loop_close(NULL);
	ck_assert_int_eq(world.done, 1);
	ck_assert_int_eq(world.fired, 0);
}
END_TEST

CHECK_MAIN("base loop", &turn_hooks_run_in_rising_order,
	&a_busy_hook_keeps_the_loop_awake_and_an_idle_one_lets_it_sleep,
	&soon_means_the_next_turn_never_now, &a_timer_repeats_and_may_free_itself,
	&a_stopped_timer_does_not_fire, &at_most_two_works_run_at_a_time, &signals_call_on_the_loop,
	&closing_frees_what_is_left)
