#include "approval/approval_rooms.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"id, subject_kind, subject_id, subject_digest, class, levels, excluded, reading, summary," \
	" requested_by, requested_at_us, expires_at_us, state, state_reason, ended_at_us, version"

static const struct store_statement INSERT = STORE_STATEMENT(
	"INSERT INTO approval (id, subject_kind, subject_id, subject_digest, class, levels, "
	"excluded,"
	" reading, summary, requested_by, requested_at_us, expires_at_us, state, version)"
	" VALUES (:id, :kind, :subject, :digest, :class, :levels, :excluded,"
	" :reading, :summary, :requested_by, :requested_at, :expires_at, 'PENDING', 1)");
static const struct store_statement GET =
	STORE_STATEMENT("SELECT " COLUMNS " FROM approval WHERE id = :id");
static const struct store_statement FIND = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM approval WHERE subject_kind = :kind AND subject_id = :subject"
	" AND subject_digest = :digest AND (:state IS NULL OR state = :state)"
	" ORDER BY requested_at_us DESC, id DESC LIMIT 1");
static const struct store_statement OPEN_OF = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM approval WHERE subject_kind = :kind AND subject_id = :subject"
	" AND state IN ('PENDING', 'APPROVED') AND (:keep IS NULL OR subject_digest <> :keep)"
	" ORDER BY requested_at_us, id");
static const struct store_statement COUNT_OPEN =
	STORE_STATEMENT("SELECT count(*) AS requests FROM approval WHERE state = 'PENDING'");
static const struct store_statement LIST =
	STORE_STATEMENT("SELECT " COLUMNS " FROM approval WHERE :state IS NULL OR state = :state"
			" ORDER BY requested_at_us DESC, id DESC LIMIT :limit");
static const struct store_statement DUE = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM approval WHERE state = 'PENDING' AND expires_at_us <= :now"
	" ORDER BY expires_at_us LIMIT :limit");
static const struct store_statement SET_STATE = STORE_STATEMENT(
	"UPDATE approval SET state = :state, state_reason = :reason, ended_at_us = :ended_at,"
	" version = version + 1 WHERE id = :id AND state = :old_state AND version = :old_version");
static const struct store_statement INSERT_VOTE = STORE_STATEMENT(
	"INSERT INTO approval_decision (id, approval_id, person_id, level, decision, digest, "
	"reason, for_person_id, delegation_id,"
	" decided_at_us) SELECT :id, id, :person, :level, :decision, subject_digest, :reason,"
	" :for_person, :delegation, :at"
	" FROM approval WHERE id = :approval");
static const struct store_statement VOTES = STORE_STATEMENT(
	"SELECT id, person_id, level, decision, reason, decided_at_us, for_person_id,"
	" delegation_id FROM approval_decision"
	" WHERE approval_id = :approval ORDER BY decided_at_us, id");

static const struct store_statement ROWS = STORE_STATEMENT("SELECT " COLUMNS " FROM approval");
static const struct store_statement VOTE_ROWS =
	STORE_STATEMENT("SELECT id, approval_id, person_id, level + 1 AS level, decision, digest,"
			" reason, for_person_id, delegation_id, decided_at_us"
			" FROM approval_decision");

static const char *const decision_words[] = {
	[APPROVAL_APPROVE] = "approve", [APPROVAL_REJECT] = "reject"};

int approval_store_insert(
	struct store_tx *tx, const struct approval_request *request, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct store_query *query = store_query(tx, &INSERT);
	int rc;

	store_bind_text(query, ":id", request->id);
	store_bind_text(query, ":kind", request->subject_kind);
	store_bind_text(query, ":subject", request->subject_id);
	store_bind_text(query, ":digest", request->subject_digest);
	store_bind_text(query, ":class", approval_class_word(request->approval_class));
	store_bind_text(query, ":levels", approval_levels_text(&arena, request));
	store_bind_text(query, ":excluded", approval_excluded_text(&arena, request->excluded));
	store_bind_text(query, ":reading", request->reading);
	store_bind_text(query, ":summary", request->summary);
	store_bind_text(query, ":requested_by", request->requested_by);
	store_bind_int(query, ":requested_at", request->requested_at_us);
	store_bind_int(query, ":expires_at", request->expires_at_us);
	rc = store_run(query, err);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

static enum approval_state parse_state(const char *word)
{
#define X(name, text)                                                                              \
	if (strcmp(word, text) == 0)                                                               \
		return APPROVAL_##name;
	APPROVAL_STATES(X)
#undef X
	return APPROVAL_VOID;
}

/* The current row; the query stays open. */
static int read_request(struct store_query *query, struct arena *arena,
	struct approval_request *ret, struct error *err)
{
	int rc;

	store_text_into(query, "id", ret->id, sizeof(ret->id));
	ret->subject_kind = store_text_copy(query, "subject_kind", arena);
	ret->subject_id = store_text_copy(query, "subject_id", arena);
	ret->subject_digest = store_text_copy(query, "subject_digest", arena);
	ret->approval_class = (enum approval_class)(store_text(query, "class")[1] - '0');
	ret->reading = store_text_copy(query, "reading", arena);
	ret->summary = store_text_copy(query, "summary", arena);
	ret->requested_by = store_text_copy(query, "requested_by", arena);
	ret->requested_at_us = store_int(query, "requested_at_us");
	ret->expires_at_us = store_int(query, "expires_at_us");
	ret->state = parse_state(store_text(query, "state"));
	ret->state_reason = store_text_copy(query, "state_reason", arena);
	ret->ended_at_us = store_int(query, "ended_at_us");
	ret->version = store_int(query, "version");
	rc = approval_levels_parse(arena, store_text(query, "levels"), ret, err);
	if (rc < 0)
		return rc;
	return approval_excluded_parse(arena, store_text(query, "excluded"), &ret->excluded, err);
}

int approval_store_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct approval_request **ret, struct error *err)
{
	struct approval_request *request = arena_alloc(arena, sizeof(*request));
	struct store_query *query = store_query(tx, &GET);
	int rc;

	store_bind_text(query, ":id", id);
	rc = store_one(query, "approval", err);
	if (rc < 0)
		return rc;
	rc = read_request(query, arena, request, err);
	store_finish(query);
	if (rc >= 0)
		*ret = request;
	return rc;
}

int approval_store_find(struct store_tx *tx, struct arena *arena, const char *kind, const char *id,
	const char *digest, const char *state, struct approval_request **ret, struct error *err)
{
	struct approval_request *request = arena_alloc(arena, sizeof(*request));
	struct store_query *query = store_query(tx, &FIND);
	int rc;

	store_bind_text(query, ":kind", kind);
	store_bind_text(query, ":subject", id);
	store_bind_text(query, ":digest", digest);
	store_bind_text(query, ":state", state);
	rc = store_next(query, err);
	if (rc <= 0)
		return rc;
	rc = read_request(query, arena, request, err);
	store_finish(query);
	if (rc < 0)
		return rc;
	*ret = request;
	return 1;
}

/* All rows of a bound query. */
static int read_list(struct store_query *query, struct arena *arena, struct approval_request ***ret,
	size_t *ret_count, struct error *err)
{
	struct approval_request **list = NULL;
	size_t count = 0, capacity = 0;
	int rc, row;

	while ((row = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count] = arena_alloc(arena, sizeof(**list));
		if ((rc = read_request(query, arena, list[count++], err)) < 0) {
			store_finish(query);
			return rc;
		}
	}
	if (row < 0)
		return row;
	*ret = list;
	*ret_count = count;
	return 0;
}

int approval_store_open_of(struct store_tx *tx, struct arena *arena, const char *kind,
	const char *id, const char *keep_digest, struct approval_request ***ret, size_t *ret_count,
	struct error *err)
{
	struct store_query *query = store_query(tx, &OPEN_OF);

	store_bind_text(query, ":kind", kind);
	store_bind_text(query, ":subject", id);
	store_bind_text(query, ":keep", keep_digest);
	return read_list(query, arena, ret, ret_count, err);
}

int approval_store_list(struct store_tx *tx, struct arena *arena, const char *state,
	struct approval_request ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &LIST);

	store_bind_text(query, ":state", state);
	store_bind_int(query, ":limit", APPROVAL_LIST_MAX);
	return read_list(query, arena, ret, ret_count, err);
}

int approval_store_due(struct store_tx *tx, struct arena *arena, int64_t now_us,
	struct approval_request ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &DUE);

	store_bind_int(query, ":now", now_us);
	store_bind_int(query, ":limit", APPROVAL_LIST_MAX);
	return read_list(query, arena, ret, ret_count, err);
}

int approval_store_set_state(struct store_tx *tx, const struct approval_request *request,
	enum approval_state state, const char *reason, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &SET_STATE);
	int rc;

	store_bind_text(query, ":state", approval_state_word(state));
	store_bind_text(query, ":reason", reason);
	if (state == APPROVAL_PENDING)
		store_bind_null(query, ":ended_at");
	else
		store_bind_int(query, ":ended_at", at_us);
	store_bind_text(query, ":id", request->id);
	store_bind_text(query, ":old_state", approval_state_word(request->state));
	store_bind_int(query, ":old_version", request->version);
	rc = store_run(query, err);
	if (rc == 0)
		return error_set(
			err, ERROR_CONFLICT, "approval %s was changed by another", request->id);
	return rc < 0 ? rc : 0;
}

int approval_store_insert_vote(struct store_tx *tx, const char *approval_id,
	const struct approval_vote *vote, struct error *err)
{
	struct store_query *query = store_query(tx, &INSERT_VOTE);
	int rc;

	store_bind_text(query, ":id", vote->id);
	store_bind_text(query, ":approval", approval_id);
	store_bind_text(query, ":person", vote->person_id);
	store_bind_int(query, ":level", (int64_t)vote->level);
	store_bind_text(query, ":decision", decision_words[vote->decision]);
	store_bind_text(query, ":reason", vote->reason);
	store_bind_text(query, ":for_person", *vote->for_id ? vote->for_id : NULL);
	store_bind_text(query, ":delegation", *vote->delegation_id ? vote->delegation_id : NULL);
	store_bind_int(query, ":at", vote->at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

/* "" where there is none. */
static void read_id(struct store_query *query, const char *column, char ret[static ID_SIZE])
{
	const char *text = store_text(query, column);

	if (text && *text)
		store_text_into(query, column, ret, ID_SIZE);
	else
		ret[0] = 0;
}

static void read_vote(struct store_query *query, struct arena *arena, struct approval_vote *vote)
{
	store_text_into(query, "id", vote->id, sizeof(vote->id));
	store_text_into(query, "person_id", vote->person_id, sizeof(vote->person_id));
	vote->level = (size_t)store_int(query, "level");
	vote->decision = strcmp(store_text(query, "decision"), "approve") == 0 ? APPROVAL_APPROVE
									       : APPROVAL_REJECT;
	vote->reason = store_text_copy(query, "reason", arena);
	vote->at_us = store_int(query, "decided_at_us");
	read_id(query, "for_person_id", vote->for_id);
	read_id(query, "delegation_id", vote->delegation_id);
}

int approval_store_votes(struct store_tx *tx, struct arena *arena, const char *approval_id,
	struct approval_vote **ret, size_t *ret_count, struct error *err)
{
	/* Distinct persons fill levels of at most APPROVAL_NEED_MAX; those who lost their right
	 * stay. */
	size_t capacity = 0, count = 0;
	struct approval_vote *votes = NULL;
	struct store_query *query = store_query(tx, &VOTES);
	int row;

	store_bind_text(query, ":approval", approval_id);
	while ((row = store_next(query, err)) > 0) {
		votes = arena_grow(arena, votes, count, &capacity, sizeof(*votes));
		read_vote(query, arena, &votes[count++]);
	}
	if (row < 0)
		return row;
	*ret = votes;
	*ret_count = count;
	return 0;
}

struct store_query *approval_store_rows(struct store_tx *tx)
{
	return store_query(tx, &ROWS);
}

struct store_query *approval_store_vote_rows(struct store_tx *tx)
{
	return store_query(tx, &VOTE_ROWS);
}

int approval_count_open(struct store_tx *tx, int64_t *ret, struct error *err)
{
	struct store_query *query = store_query(tx, &COUNT_OPEN);
	int rc = store_one(query, "count", err);

	if (rc < 0)
		return rc;
	*ret = store_int(query, "requests");
	store_finish(query);
	return 0;
}
