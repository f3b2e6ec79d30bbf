/*
 * Pages of ROUTE_KEPT: what a handler answered once is answered again, to the same principal at
 * the same address, until the next COMMIT. All that is kept belongs to one version of the data.
 */
#include "lib/base/memory.h"
#include "lib/server/server_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 256 /* a power of two */

struct page {
	struct page *next; /* in its bucket */
	struct page *newer, *older;
	size_t bucket, cost;
	char *principal, *uri;
	char tag[PAGE_TAG_SIZE]; /* "" when the handler gave it a version of its own */
	struct MHD_Response *response;
	size_t length;
};

struct pages {
	uint64_t data_version; /* that all of them belong to */
	struct page *buckets[BUCKETS];
	struct page *newest, *oldest;
	size_t count, bytes;
	uint64_t hits;
};

struct pages *pages_new(void)
{
	struct pages *pages = calloc(1, sizeof(*pages));

	if (!pages)
		memory_end();
	return pages;
}

void pages_get_figures(const struct pages *pages, struct server_figures *ret)
{
	ret->pages = pages->count;
	ret->page_bytes = pages->bytes;
	ret->page_hits = pages->hits;
}

/* --- in and out --- */

static void unlink_use(struct pages *pages, struct page *page)
{
	*(page->newer ? &page->newer->older : &pages->newest) = page->older;
	*(page->older ? &page->older->newer : &pages->oldest) = page->newer;
}

static void link_newest(struct pages *pages, struct page *page)
{
	page->newer = NULL;
	page->older = pages->newest;
	*(page->older ? &page->older->newer : &pages->oldest) = page;
	pages->newest = page;
}

static void forget(struct pages *pages, struct page *page)
{
	struct page **at = &pages->buckets[page->bucket];

	while (*at != page)
		at = &(*at)->next;
	*at = page->next;
	unlink_use(pages, page);
	pages->count--;
	pages->bytes -= page->cost;
	/* A connection that still sends it has its own hold on it. */
	MHD_destroy_response(page->response);
	free(page->principal);
	free(page->uri);
	free(page);
}

static void forget_all(struct pages *pages)
{
	while (pages->oldest)
		forget(pages, pages->oldest);
}

void pages_free(struct pages *pages)
{
	forget_all(pages);
	free(pages);
}

/* --- which one --- */

static const char *reader_of(const struct request *req)
{
	const struct server_authenticator *who = &req->server->authenticator;

	return req->principal ? who->principal_id(req->principal) : "";
}

static size_t bucket_of(const char *principal, const char *uri)
{
	uint32_t hash = 2166136261u;

	for (; *principal; principal++)
		hash = (hash ^ (unsigned char)*principal) * 16777619u;
	hash = (hash ^ '\n') * 16777619u;
	for (; *uri; uri++)
		hash = (hash ^ (unsigned char)*uri) * 16777619u;
	return (hash ^ hash >> 16) & (BUCKETS - 1);
}

static struct page *find(const struct pages *pages, const char *principal, const char *uri)
{
	struct page *page = pages->buckets[bucket_of(principal, uri)];

	while (page && (strcmp(page->uri, uri) || strcmp(page->principal, principal)))
		page = page->next;
	return page;
}

/* The version of the data that may be answered from and kept now; 0 = neither. */
static uint64_t usable_version(const struct request *req)
{
	if (!(req->route->route->flags & ROUTE_KEPT) || req->must_close)
		return 0;
	return store_data_version(req->store);
}

/* --- If-None-Match --- */

/* Our tags hold nothing that a list of tags could cut. `*` is whatever is there. */
static bool has_seen(const struct request *req, const char *tag)
{
	const char *seen = *tag ? request_header(req, "If-None-Match") : NULL;

	return seen && (!strcmp(seen, "*") || strstr(seen, tag));
}

static void answer_unchanged(struct request *req, const char *tag)
{
	reply_clear(req);
	req->page = NULL;
	req->reply.status = 304;
	req->reply.is_set = true;
	request_set_header(req, "ETag", tag);
}

static void answer(struct request *req, const struct page *page)
{
	if (has_seen(req, page->tag)) {
		answer_unchanged(req, page->tag);
		return;
	}
	req->page = page->response;
	req->reply.status = 200;
	req->reply.length = page->length;
	req->reply.is_set = true;
}

bool page_answer(struct request *req)
{
	struct pages *pages = req->server->pages;
	struct page *page;

	req->data_version = usable_version(req);
	if (!req->data_version)
		return false;
	if (pages->data_version != req->data_version)
		forget_all(pages);
	pages->data_version = req->data_version;
	page = find(pages, reader_of(req), req->uri);
	if (!page)
		return false;
	pages->hits++;
	unlink_use(pages, page);
	link_newest(pages, page);
	answer(req, page);
	return true;
}

/* --- keeping --- */

static void tag_of(const struct reply *reply, char tag[static PAGE_TAG_SIZE])
{
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;

	digest_of(reply->bytes, reply->length, &digest);
	digest_text(&digest, text);
	snprintf(tag, PAGE_TAG_SIZE, "\"%.*s\"", PAGE_TAG_SIZE - 3, text + strlen("sha256:"));
}

static char *copy_text(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		memory_end();
	return copy;
}

static void make_room(struct pages *pages, size_t cost)
{
	while (pages->count && (pages->count == PAGES_MAX || pages->bytes + cost > PAGE_BYTES_MAX))
		forget(pages, pages->oldest);
}

static struct page *keep(struct request *req, const char *tag, size_t cost)
{
	struct pages *pages = req->server->pages;
	struct page *page = calloc(1, sizeof(*page));

	if (!page)
		memory_end();
	make_room(pages, cost);
	page->principal = copy_text(reader_of(req));
	page->uri = copy_text(req->uri);
	page->bucket = bucket_of(page->principal, page->uri);
	snprintf(page->tag, sizeof(page->tag), "%s", tag);
	page->cost = cost;
	page->length = req->reply.length;
	page->response = reply_make_response(req);
	page->next = pages->buckets[page->bucket];
	pages->buckets[page->bucket] = page;
	link_newest(pages, page);
	pages->count++;
	pages->bytes += cost;
	return page;
}

/* Whatever the handler did meanwhile: kept is what belongs to the rows of one version. */
static bool may_keep(const struct request *req, size_t cost)
{
	return req->data_version && !req->error.code && cost <= PAGE_COST_MAX &&
	       usable_version(req) == req->server->pages->data_version;
}

void page_keep(struct request *req)
{
	char tag[PAGE_TAG_SIZE] = "";
	size_t cost;

	if (!req->route || !(req->route->route->flags & ROUTE_KEPT) || req->reply.status != 200)
		return;
	cost = sizeof(struct page) + req->reply.length + strlen(req->uri) + strlen(reader_of(req));
	if (!reply_has_header(req, "ETag")) {
		tag_of(&req->reply, tag);
		request_set_header(req, "ETag", tag);
	}
	if (may_keep(req, cost))
		answer(req, keep(req, tag, cost));
	else if (has_seen(req, tag))
		answer_unchanged(req, tag);
}
