#include "lib/base/text.h"
#include "lib/client/client.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define UNIX_PREFIX "unix:"
#define TCP_PREFIX  "tcp:"

static int refuse(const char *field, const char *why, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s is not a usable address: %s", field, why);
	error_field(err, "%s", field);
	error_remedy(
		err, "write unix:/path/to/socket, tcp:host:port, http://host:port or https://host");
	return ERROR_INVALID;
}

static bool is_numeric(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static int parse_unix(
	const char *field, const char *address, struct client_address *ret, struct error *err)
{
	const char *path = address + strlen(UNIX_PREFIX);
	struct sockaddr_un limit;

	if (*path != '/')
		return refuse(field, "the path of the socket must be absolute", err);
	if (strlen(path) >= sizeof(limit.sun_path))
		return refuse(field, "the path of a socket has at most 107 bytes", err);
	ret->scheme = CLIENT_UNIX;
	snprintf(ret->text, sizeof(ret->text), "%s", address);
	return 0;
}

/* Splits "host:port" or "[v6]:port"; the brackets go. */
static bool split_host(const char *text, char *host, size_t size, const char **ret_port)
{
	const char *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');
	size_t length;

	if (!end)
		return false;
	text += *text == '[';
	length = (size_t)(end - text);
	end += *end == ']';
	if (*end != ':' || length == 0 || length >= size)
		return false;
	memcpy(host, text, length);
	host[length] = 0;
	*ret_port = end + 1;
	return true;
}

static bool is_host_name(const char *host)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	return strspn(host, allowed) == strlen(host) && *host != '-' && *host != '.' &&
	       !strstr(host, "..");
}

static int parse_tcp(
	const char *field, const char *address, struct client_address *ret, struct error *err)
{
	const char *host = address + strlen(TCP_PREFIX), *port_text = "";
	int64_t port = 0;

	if (!split_host(host, ret->host, sizeof(ret->host), &port_text))
		return refuse(field, "tcp: needs a host and a port", err);
	ret->is_numeric = is_numeric(ret->host);
	if (ret->is_numeric ? (strchr(ret->host, ':') != NULL) != (*host == '[')
			    : *host == '[' || !is_host_name(ret->host))
		return refuse(field,
			"the host is neither a name nor an IP address (IPv6 in brackets)", err);
	if (text_parse_int64("port", port_text, 1, 65535, &port, NULL) < 0)
		return refuse(field, "the port must be from 1 to 65535", err);
	ret->scheme = CLIENT_TCP;
	ret->port = (int)port;
	for (char *c = ret->host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	snprintf(ret->text, sizeof(ret->text), *host == '[' ? "tcp:[%s]:%d" : "tcp:%s:%d",
		ret->host, ret->port);
	return 0;
}

/* curl's parser is the only one that reads a URL; what it gives back is what is fetched. */
static bool get_part(CURLU *url, CURLUPart part, unsigned flags, char *ret, size_t size)
{
	char *text = NULL;
	bool is_good;

	if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
		return false;
	is_good = strlen(text) < size;
	if (is_good)
		strcpy(ret, text);
	curl_free(text);
	return is_good;
}

static bool lower_host(CURLU *url, char *host, size_t size)
{
	if (!get_part(url, CURLUPART_HOST, 0, host, size))
		return false;
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return curl_url_set(url, CURLUPART_HOST, host, 0) == CURLUE_OK;
}

static int read_url(const char *field, CURLU *url, struct client_address *ret, struct error *err)
{
	char port[16], scheme[16], host[256];
	size_t length;

	if (!lower_host(url, host, sizeof(host)) ||
		!get_part(url, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) ||
		!get_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port)) ||
		!get_part(url, CURLUPART_URL, 0, ret->text, sizeof(ret->text)))
		return refuse(field, "the URL has no host, or is too long", err);
	length = strlen(host);
	if (host[0] == '[' && host[length - 1] == ']') {
		memmove(host, host + 1, length - 2);
		host[length - 2] = 0;
	}
	strcpy(ret->host, host);
	ret->is_numeric = is_numeric(host);
	ret->scheme = !strcmp(scheme, "https") ? CLIENT_HTTPS : CLIENT_HTTP;
	ret->port = atoi(port);
	if (!ret->is_numeric && !is_host_name(host))
		return refuse(field, "the host is neither a name nor an IP address", err);
	if (ret->port < 1 || ret->port > 65535)
		return refuse(field, "the port must be from 1 to 65535", err);
	return 0;
}

static int parse_url(
	const char *field, const char *address, struct client_address *ret, struct error *err)
{
	const char *authority = strstr(address, "://") + 3;
	size_t length = strcspn(authority, "/?");
	CURLU *url;
	int rc;

	if (!length)
		return refuse(field, "the host is empty", err);
	if (memchr(authority, '@', length))
		return refuse(
			field, "a user name in the URL is not allowed; use a credential", err);
	if (memchr(authority, '%', length))
		return refuse(field, "'%' in the host is not allowed", err);
	if (strchr(authority, '#'))
		return refuse(field, "a fragment ('#') is not allowed", err);
	url = curl_url();
	if (!url)
		return error_set(err, ERROR_NO_MEMORY, "no memory for an address");
	if (curl_url_set(url, CURLUPART_URL, address, CURLU_DISALLOW_USER | CURLU_PATH_AS_IS) !=
		CURLUE_OK)
		rc = refuse(field, "it is no URL", err);
	else
		rc = read_url(field, url, ret, err);
	curl_url_cleanup(url);
	return rc;
}

static int check_bytes(const char *field, const char *address, struct error *err)
{
	for (const unsigned char *c = (const unsigned char *)address; *c; c++)
		if (*c < 0x21 || *c > 0x7E)
			return refuse(
				field, "it has white space, control or non-ASCII characters", err);
	if (strchr(address, '\\'))
		return refuse(field, "'\\' is not allowed", err);
	return 0;
}

static unsigned scheme_of(const char *address)
{
	if (text_starts_with(address, UNIX_PREFIX))
		return CLIENT_UNIX;
	if (text_starts_with(address, TCP_PREFIX))
		return CLIENT_TCP;
	if (text_starts_with(address, "http://"))
		return CLIENT_HTTP;
	return text_starts_with(address, "https://") ? CLIENT_HTTPS : 0;
}

int client_address_parse(const char *field, const char *address, unsigned schemes,
	struct client_address *ret, struct error *err)
{
	struct client_address parsed = {0};
	unsigned scheme;
	int rc;

	if (!address || !*address)
		return refuse(field, "it is empty", err);
	if ((rc = check_bytes(field, address, err)) < 0)
		return rc;
	scheme = scheme_of(address);
	if (!(scheme & schemes))
		return refuse(field,
			scheme ? "this scheme cannot be used here" : "its scheme is not known",
			err);
	if (scheme == CLIENT_UNIX)
		rc = parse_unix(field, address, &parsed, err);
	else if (scheme == CLIENT_TCP)
		rc = parse_tcp(field, address, &parsed, err);
	else
		rc = parse_url(field, address, &parsed, err);
	if (rc >= 0)
		*ret = parsed;
	return rc;
}
