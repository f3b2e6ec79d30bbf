/*
 * What is said over the gate's local socket (SOCK_SEQPACKET, one message a packet): by rcm, by the
 * sudo plugin, and back. Binary, in fields of fixed order, each with its length before it; the same
 * structs serve the daemon. No JSON here: rcm is small and static.
 *
 * A message is "RCM1", one byte of kind, the fields. Texts have no NUL inside; arguments and
 * environment are bytes as execve takes them. A decoder refuses what is too long, what is missing
 * and what is left over, and points into the packet: its results live in the arena.
 */
#ifndef RB_CHANGE_GATE_MESSAGE_H
#define RB_CHANGE_GATE_MESSAGE_H

#include "change/gate/reason.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_SOCKET_PATH     "/run/redbutton/gate.sock"
#define GATE_MESSAGE_MAX     ((size_t)192 * 1024)
#define GATE_LIST_MAX	     4096 /* arguments, variables, contents */
#define GATE_NONCE_SIZE	     33	  /* 32 hex digits and NUL */
#define GATE_SIGNATURE_BYTES 64

/* kind, byte; who sends it */
enum gate_kind {
	GATE_DECIDE = 1, /* client: may this run? An allow takes the grant and begins the run */
	GATE_CHECK,	 /* client: the same without taking anything */
	GATE_FETCH,	 /* client: what is step n of CHG-7? */
	GATE_HEARTBEAT,	 /* client: the run goes on (each 10 s; the lease is 60 s) */
	GATE_END,	 /* client: the run ended */
	GATE_WATCH,	 /* client: tell me when this run must stop (the plugin's I/O half) */
	GATE_VERDICT,	 /* server: to DECIDE and CHECK */
	GATE_STEP,	 /* server: to FETCH; its contents in their order ride in the same packet as
			  * sealed descriptors (SCM_RIGHTS) */
	GATE_NOTED,	 /* server: to HEARTBEAT, END, WATCH */
	GATE_STOP,	 /* server, unasked: end the command now */
	GATE_FAULT,	 /* server: the message was refused; nothing was decided, so: no */
};

enum gate_stdin {
	GATE_STDIN_NONE,
	GATE_STDIN_BOUND,
	GATE_STDIN_OPEN,
	GATE_STDIN_TERMINAL, /* open, and who asks can give the null device in its place */
};

struct gate_content {
	/*
	 * "program" (what is executed), "stdin", or a word of the step: an argument
	 * "content:<role>" of the step is executed as the path of that content.
	 */
	const char *role;
	const char *sha256; /* 64 hex digits */
	uint64_t size;
};

/* One command as execve will get it. All lists end with NULL. */
struct gate_exec {
	const char
		*path; /* realpath of the program; "sha256:<hex>" when it runs from a sealed copy;
			* "sudoedit" for an edit: argv is that word and the files, absolute */
	const char *const *argv; /* argv[0] as typed */
	const char *const *env;	 /* "NAME=value", all of it that the program will get */
	const char *cwd;
	const char *runas; /* name of the account it runs as */
	enum gate_stdin stdin_kind;
	struct gate_content *contents;
	size_t content_count;
	bool is_trusted; /* program and folders above it can be changed by root only */
};

struct gate_request {
	enum gate_kind kind;	     /* DECIDE or CHECK */
	const char *request_id;	     /* uuid: asked twice with the same body, answered the same */
	char nonce[GATE_NONCE_SIZE]; /* fresh for each question */
	const char *source;	     /* "terminal", "sudo", "ssh" */
	const char *change;	     /* "CHG-7", or "": whichever grant fits */
	uint32_t step;		     /* 0 = none named */
	uint32_t actor_uid;	     /* who acts; only root may name another than itself */
	const char *actor_user;	     /* name of that account, for people to read */
	const char *session, *tty;   /* may be "" */
	const char *parent_run;	     /* sub-command of that run (intercept), or "" */
	bool is_strict;		     /* `rcm check --strict`: dynamic words are refused */
	const char *typed_key;	     /* second key typed live in an emergency, or "" */
	struct gate_exec exec;
};

/* What the client must do; bits. */
#define GATE_MUST_RECORD 1u /* stay as the parent and record the terminal */
#define GATE_MUST_SEAL	 2u /* run what is bound from a sealed copy */
#define GATE_MUST_MASK	 4u
#define GATE_MUST_PARENT 8u /* stay as the parent: heartbeat, stop, end */
#define GATE_MUST_NULL_INPUT                                                                       \
	32u /* the null device is its standard input, in the place of the terminal */
#define GATE_MUST_KNOWN                                                                            \
	(GATE_MUST_RECORD | GATE_MUST_SEAL | GATE_MUST_MASK | GATE_MUST_PARENT |                   \
		GATE_MUST_NULL_INPUT)
#define GATE_WANTS_KEY 16u /* of a denial: a second key, typed now, would do */

struct gate_verdict {
	enum gate_verdict_word verdict;
	const char *reason;	     /* word of GATE_REASONS, or "rule:<ID>" */
	const char *message;	     /* one or more lines for the person: what, why, what to do */
	char nonce[GATE_NONCE_SIZE]; /* of the question */
	const char *decision;	     /* "DEC-12" or "" (a check) */
	const char *change;	     /* or "" */
	uint32_t step;
	const char *grant, *run; /* ids; "" without */
	uint32_t must;		 /* GATE_MUST_* */
	uint32_t lease_s;
	int64_t kill_at_us;    /* 0 = never */
	int64_t expires_at_us; /* of an allow: at most 5 s ahead */
	const char *detail;    /* the whole answer as JSON, for --status-fd and --json */
	/*
	 * Ed25519 over gate_attest_bytes, by the daemon that decided; is_signed false when it
	 * has no key. Who asks through a forwarding gate checks it against a pinned key.
	 */
	bool is_signed;
	uint8_t signature[GATE_SIGNATURE_BYTES];
};

struct gate_fetch {
	const char *change;
	uint32_t step;	   /* 0 with a phase: its first */
	const char *phase; /* "" or "rollback" */
};
struct gate_step {
	const char *change;
	uint32_t step;
	const char *kind; /* "exec", "script", "sql", "edit", "shell" */
	struct gate_exec
		exec;	    /* path "" or "sha256:<hex>" for a script: it runs from contents[0] */
	uint32_t timeout_s; /* 0 = none */
};

struct gate_heartbeat {
	const char *run;
};
struct gate_end {
	const char *run;
	int32_t status;		      /* as waitpid gives it */
	const char *recording;	      /* path of the recording, or "" */
	const char *recording_sha256; /* or "" */
	uint64_t recording_bytes;
	bool is_recording_whole;
};
struct gate_watch {
	const char *run;
};
struct gate_stop {
	const char *run, *reason, *message;
};
struct gate_fault {
	const char *field, *message;
};

/* Each appends one whole message. They cannot fail but for what is too long (ERROR_TOO_LARGE). */
int gate_encode_request(struct buf *out, const struct gate_request *request, struct error *err);
int gate_encode_verdict(struct buf *out, const struct gate_verdict *verdict, struct error *err);
int gate_encode_fetch(struct buf *out, const struct gate_fetch *fetch, struct error *err);
int gate_encode_step(struct buf *out, const struct gate_step *step, struct error *err);
int gate_encode_heartbeat(struct buf *out, const struct gate_heartbeat *beat, struct error *err);
int gate_encode_end(struct buf *out, const struct gate_end *end, struct error *err);
int gate_encode_watch(struct buf *out, const struct gate_watch *watch, struct error *err);
int gate_encode_noted(struct buf *out, struct error *err);
int gate_encode_stop(struct buf *out, const struct gate_stop *stop, struct error *err);
int gate_encode_fault(struct buf *out, const struct gate_fault *fault, struct error *err);

struct gate_message {
	enum gate_kind kind;
	union {
		struct gate_request request; /* DECIDE, CHECK */
		struct gate_verdict verdict;
		struct gate_fetch fetch;
		struct gate_step step;
		struct gate_heartbeat heartbeat;
		struct gate_end end;
		struct gate_watch watch;
		struct gate_stop stop;
		struct gate_fault fault;
	};
};
/* ERROR_INVALID naming the field for anything that is not exactly one message. */
int gate_decode(struct arena *arena, const void *bytes, size_t length, struct gate_message *ret,
	struct error *err);

/*
 * Appends what the signature of a verdict is over: "rcm verdict 2" and a newline, the SHA-256 of
 * the encoded request, so that the answer fits one question only, and the verdict's fields as they
 * go over the wire, all before `detail`. That is the daemon's answer as JSON and carries a
 * signature of its own ("sig"); nobody here acts on it. ERROR_TOO_LARGE names a field that no
 * message could hold.
 */
int gate_attest_bytes(struct buf *out, const struct gate_verdict *verdict,
	const uint8_t request_digest[static 32], struct error *err);

#endif
