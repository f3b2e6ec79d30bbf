/* Which grant fits a command; and when a change is named and none fits, which part differs. */
#include "change/decision/decision_rooms.h"
#include "change/gate/fingerprint.h"
#include "lib/base/text.h"

#include <string.h>

#define SEALED_PATH "sha256:"
#define WORD_SHOWN  80

struct matching {
	struct store_tx *tx;
	struct arena *arena;
	const struct decision_question *question;
	int64_t change_seq;   /* 0 = any */
	bool is_null_input;   /* of what is tried now */
	const char *own_copy; /* how the step that is compared runs what was approved */
	struct decision_match *ret;
	struct error *err;
};

/* --- by fingerprint --- */

/* As it counts in a fingerprint: what the program itself is was found by its path. */
static struct gate_exec without_program(struct arena *arena, const struct gate_exec *exec)
{
	struct gate_exec counted = *exec;
	size_t count = 0;

	counted.contents =
		arena_alloc(arena, (exec->content_count + 1) * sizeof(*counted.contents));
	for (size_t i = 0; i < exec->content_count; i++)
		if (!fingerprint_is_program(exec, &exec->contents[i]))
			counted.contents[count++] = exec->contents[i];
	counted.content_count = count;
	return counted;
}

static int usable_rank(const struct grant *grant, int64_t now_us)
{
	if (grant->revoked_reason)
		return 3;
	if (now_us >= grant->not_after_us)
		return 2;
	return grant->runs_left < 1 || now_us < grant->not_before_us;
}

static bool has_person(const struct grant *grant, const char *person)
{
	for (size_t i = 0; grant->persons[i]; i++)
		if (!strcmp(grant->persons[i], person))
			return true;
	return false;
}

/* One that can be used by this person goes before one that cannot. */
static bool is_better(const struct matching *m, const struct grant *a, const struct grant *b)
{
	int64_t now_us = m->question->now_us;
	int rank_a = usable_rank(a, now_us), rank_b = usable_rank(b, now_us);

	if (has_person(a, m->question->person_id) != has_person(b, m->question->person_id))
		return has_person(a, m->question->person_id);
	return rank_a < rank_b;
}

static bool fits_named(const struct matching *m, const struct grant *grant)
{
	return !m->question->request.step || grant->step == m->question->request.step;
}

static int try_one(struct matching *m, const struct gate_exec *exec, const char *const *env_allow)
{
	uint8_t bytes[FINGERPRINT_BYTES];
	char text[FINGERPRINT_TEXT_SIZE];
	struct grant **found = NULL;
	size_t count = 0;
	int rc;

	fingerprint_of(exec, env_allow, m->question->target_identity, bytes);
	fingerprint_text(bytes, text);
	rc = grant_find(m->tx, m->arena, text, m->question->target_identity, m->change_seq, &found,
		&count, m->err);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		if (fits_named(m, found[i]) &&
			(!m->ret->grant || is_better(m, found[i], m->ret->grant))) {
			m->ret->grant = found[i];
			m->ret->is_null_input = m->is_null_input;
			m->ret->fingerprint = arena_text(m->arena, text);
		}
	return rc;
}

/* A file that runs from a sealed copy is, besides its name, its bytes: as a script of a step is. */
static const char *sealed_path(struct arena *arena, const struct gate_exec *exec)
{
	for (size_t i = 0; i < exec->content_count; i++)
		if (!strcmp(exec->contents[i].role, "program"))
			return arena_format(arena, SEALED_PATH "%s", exec->contents[i].sha256);
	return NULL;
}

static int try_list(struct matching *m, const struct gate_exec *exec, const char *const *list)
{
	struct gate_exec anywhere = *exec;
	int rc = try_one(m, exec, list);

	anywhere.cwd = "";
	if (rc >= 0 && exec->cwd && *exec->cwd)
		rc = try_one(m, &anywhere, list);
	return rc;
}

/* A terminal may stay, where the step has an open input, or give way, where it has none. */
static int try_inputs(struct matching *m, const struct gate_exec *exec, const char *const *list)
{
	struct gate_exec other = *exec;
	int rc;

	m->is_null_input = false;
	rc = try_list(m, exec, list);
	if (rc < 0 || exec->stdin_kind != GATE_STDIN_TERMINAL)
		return rc;
	m->is_null_input = true;
	other.stdin_kind = GATE_STDIN_NONE;
	return try_list(m, &other, list);
}

/* A step may bind its directory or leave it open, and it says which variables count. */
static int try_all(struct matching *m)
{
	struct gate_exec exec = without_program(m->arena, &m->question->request.exec);
	struct gate_exec sealed = exec;
	const char *const **lists = NULL;
	size_t count = 0;
	int rc = grant_env_lists(m->tx, m->arena, m->question->target_identity, m->change_seq,
		&lists, &count, m->err);

	sealed.path = sealed_path(m->arena, &m->question->request.exec);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		rc = try_inputs(m, &exec, lists[i]);
		if (rc >= 0 && sealed.path)
			rc = try_inputs(m, &sealed, lists[i]);
	}
	return rc;
}

/* --- what differs --- */

static int differs(struct matching *m, enum gate_reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int differs(struct matching *m, enum gate_reason reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	m->ret->mismatch = reason;
	m->ret->detail = arena_vformat(m->arena, format, args);
	va_end(args);
	return 0;
}

/* Whether what it runs is one of its contents. */
static bool is_sealed(const struct gate_exec *exec)
{
	return !strncmp(exec->path, SEALED_PATH, strlen(SEALED_PATH));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static size_t length_of(const char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

static const struct gate_content *content_of(const struct gate_exec *exec, const char *role)
{
	for (size_t i = 0; i < exec->content_count; i++)
		if (!strcmp(exec->contents[i].role, role))
			return &exec->contents[i];
	return NULL;
}

static int differs_unbound(struct matching *m, const char *role)
{
	return differs(m, REASON_CONTENT_UNBOUND,
		"the content %s was approved and is not bound to what would run\n"
		"without a command the approved copy runs: %s",
		role, m->own_copy);
}

/* What a sealed program is says its path; here are the others. */
static bool compare_contents(
	struct matching *m, const struct gate_exec *is, const struct gate_exec *was)
{
	size_t first = is_sealed(was) && was->content_count;

	for (size_t i = first; i < was->content_count; i++) {
		const struct gate_content *want = &was->contents[i];
		const struct gate_content *have = content_of(is, want->role);

		if (!have)
			return !differs_unbound(m, want->role);
		if (strcmp(have->sha256, want->sha256) != 0)
			return !differs(m, REASON_CONTENT_MISMATCH,
				"the content %s has sha256 %.12s, and %.12s was approved",
				want->role, have->sha256, want->sha256);
	}
	for (size_t i = 0; i < is->content_count; i++)
		if (!content_of(was, is->contents[i].role))
			return !differs(m, REASON_CONTENT_MISMATCH,
				"the content %s is not among what was approved",
				is->contents[i].role);
	return false;
}

static bool is_inside_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* For people: visible, in quotes, and not longer than a line; of a long word the part around `at`.
 */
static const char *quoted(struct arena *arena, const char *word, size_t at)
{
	struct buf text = BUF_INIT;
	size_t length = strlen(word), begin = 0, end = length;
	const char *made;

	if (length > WORD_SHOWN)
		begin = at > WORD_SHOWN / 2 ? at - WORD_SHOWN / 2 : 0;
	if (end - begin > WORD_SHOWN)
		end = begin + WORD_SHOWN;
	while (begin && is_inside_character(word[begin]))
		begin--;
	while (end < length && is_inside_character(word[end]))
		end++;
	buf_add_text(&text, begin ? "\"..." : "\"");
	text_add_visible(&text, word + begin, end - begin);
	buf_add_text(&text, end < length ? "...\"" : "\"");
	made = arena_text(arena, buf_text(&text));
	buf_done(&text);
	return made;
}

static size_t difference(const char *a, const char *b)
{
	size_t at = 0;

	while (a[at] && a[at] == b[at])
		at++;
	return at;
}

static bool compare_words(
	struct matching *m, const struct gate_exec *is, const struct gate_exec *was)
{
	size_t count = length_of(is->argv), approved = length_of(was->argv);

	for (size_t i = 0; i < count && i < approved; i++) {
		const char *a = i ? is->argv[i] : base_name(is->argv[0]);
		const char *b = i ? was->argv[i] : base_name(was->argv[0]);

		if (strcmp(a, b) != 0)
			return !differs(m, REASON_FINGERPRINT_MISMATCH,
				"argument %zu is %s, and %s was approved", i,
				quoted(m->arena, a, difference(a, b)),
				quoted(m->arena, b, difference(a, b)));
	}
	if (count != approved)
		return !differs(m, REASON_FINGERPRINT_MISMATCH,
			"it has %zu arguments, and %zu were approved", count, approved);
	return false;
}

static const char *value_of(const char *const *env, const char *variable)
{
	size_t length = strcspn(variable, "=");

	for (; env && *env; env++)
		if (!strncmp(*env, variable, length + 1))
			return *env;
	return NULL;
}

static bool compare_environment(
	struct matching *m, const struct gate_exec *is, const struct gate_exec *was)
{
	for (size_t i = 0; was->env && was->env[i]; i++) {
		const char *have = value_of(is->env, was->env[i]);

		if (!have || strcmp(have, was->env[i]) != 0)
			return !differs(m, REASON_FINGERPRINT_MISMATCH, "the variable %.*s is %s",
				(int)strcspn(was->env[i], "="), was->env[i],
				have ? "another than the approved one" : "not set");
	}
	return false;
}

static const char *compare_input(
	const struct matching *m, const struct gate_exec *is, const struct gate_exec *was)
{
	bool is_same = is->stdin_kind == was->stdin_kind;

	if (is->stdin_kind == GATE_STDIN_TERMINAL)
		is_same = was->stdin_kind != GATE_STDIN_BOUND;
	if (is_same)
		return "the order of its contents is another";
	if (was->stdin_kind == GATE_STDIN_NONE)
		return "it reads a file or a pipe, and was approved without standard input\nrun it "
		       "with < /dev/null";
	if (was->stdin_kind == GATE_STDIN_BOUND)
		return arena_format(m->arena,
			"its standard input is another than the approved one\nwithout a command "
			"the "
			"approved one is given: %s",
			m->own_copy);
	return "its standard input is another than the approved one";
}

static void compare_exec(
	struct matching *m, const struct gate_exec *is, const struct gate_exec *was)
{
	if (compare_contents(m, is, was))
		return;
	if (strcmp(is->path, was->path) != 0) {
		if (is_sealed(was))
			differs(m, REASON_CONTENT_MISMATCH,
				"the program is %s, and %s was approved\nthe approved copy runs: "
				"%s",
				is->path, was->path, m->own_copy);
		else
			differs(m, REASON_FINGERPRINT_MISMATCH,
				"the program is %s, and %s was approved", is->path, was->path);
		return;
	}
	if (compare_words(m, is, was))
		return;
	if (strcmp(is->runas ? is->runas : "", was->runas) != 0)
		differs(m, REASON_FINGERPRINT_MISMATCH, "it would run as %s, and %s was approved",
			is->runas, was->runas);
	else if (*was->cwd && strcmp(is->cwd ? is->cwd : "", was->cwd) != 0)
		differs(m, REASON_FINGERPRINT_MISMATCH, "it would run in %s, and %s was approved",
			is->cwd, was->cwd);
	else if (!compare_environment(m, is, was))
		differs(m, REASON_FINGERPRINT_MISMATCH, "%s", compare_input(m, is, was));
}

static const struct revision_step *step_of(const struct revision *revision, int64_t seq)
{
	for (size_t i = 0; i < revision->step_count; i++)
		if (revision->steps[i].seq == seq)
			return &revision->steps[i];
	return NULL;
}

static int compare_step(struct matching *m, const struct change *change)
{
	int64_t seq = m->question->request.step;
	const struct revision_step *step;
	struct revision *revision;
	struct gate_exec is, was;
	int rc = change_get_revision(m->tx, m->arena, change, &revision, m->err);

	if (rc < 0)
		return rc;
	step = seq ? step_of(revision, seq)
		   : (revision->step_count == 1 ? &revision->steps[0] : NULL);
	if (!step)
		return differs(m, seq ? REASON_NO_CHANGE : REASON_FINGERPRINT_MISMATCH,
			seq ? "it has no such step" : "none of its steps is this command");
	m->own_copy = arena_format(
		m->arena, "rcm exec %s --step %lld", change->name, (long long)step->seq);
	change_step_exec(m->arena, step, &was);
	is = without_program(m->arena, &m->question->request.exec);
	if (is_sealed(&was) && sealed_path(m->arena, &m->question->request.exec))
		is.path = sealed_path(m->arena, &m->question->request.exec);
	m->ret->detail = NULL;
	compare_exec(m, &is, &was);
	return 0;
}

/* The grants that there are tell what is wrong with the place and the person. */
static int explain(struct matching *m, const struct change *change)
{
	const struct decision_question *question = m->question;
	bool has_any = false, has_current = false, has_target = false, has_person_there = false;
	struct grant **grants = NULL;
	size_t count = 0;
	int rc = grant_list(m->tx, m->arena, change->seq, &grants, &count, m->err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		bool is_there = !strcmp(grants[i]->target_identity, question->target_identity);

		if (question->request.step && grants[i]->step != question->request.step)
			continue;
		has_any = true;
		has_current |= grants[i]->revision == change->revision;
		has_target |= is_there;
		has_person_there |= is_there && has_person(grants[i], question->person_id);
	}
	if (!has_any)
		return differs(m, count ? REASON_NO_CHANGE : REASON_NOT_APPROVED,
			count ? "it has no such step" : "nothing of it was approved");
	if (!has_current)
		return differs(m, REASON_STALE_REVISION,
			"what was approved is an older revision than %lld",
			(long long)change->revision);
	if (!has_target)
		return differs(m, REASON_TARGET_MISMATCH, "%s is none of its targets",
			*question->target ? question->target : "this host");
	if (!has_person_there)
		return differs(m, REASON_ACTOR_MISMATCH, "it is for others to run");
	return compare_step(m, change);
}

int decision_match(struct store_tx *tx, struct arena *arena,
	const struct decision_question *question, struct decision_match *ret, struct error *err)
{
	struct matching m = {
		.tx = tx, .arena = arena, .question = question, .ret = ret, .err = err};
	const char *name = question->request.change;
	struct change *change = NULL;
	int rc;

	*ret = (struct decision_match){
		.mismatch = REASON_NO_CHANGE, .detail = "", .fingerprint = ""};
	if (!question->request.exec.argv || !question->request.exec.argv[0])
		return 0;
	if (name && *name) {
		rc = change_get(tx, arena, name, &change, err);
		if (rc == ERROR_NOT_FOUND || rc == ERROR_INVALID)
			return differs(&m, REASON_NO_CHANGE, "there is no such change");
		if (rc < 0)
			return rc;
		m.change_seq = change->seq;
	}
	if ((rc = try_all(&m)) < 0 || ret->grant || !change)
		return rc;
	return explain(&m, change);
}
