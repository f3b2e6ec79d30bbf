/*
 * C2SP signed notes and checkpoints: three lines of text (origin, size, root), an empty line, a
 * line for each signature. Keys are written as Go's sumdb/note writes them:
 *   PRIVATE+KEY+<origin>+<hash>+<base64 of 0x01 and the seed>
 *   <origin>+<hash>+<base64 of 0x01 and the public key>
 */
#ifndef RB_AUDIT_AUDIT_NOTE_H
#define RB_AUDIT_AUDIT_NOTE_H

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define NOTE_NAME_SIZE 128
#define NOTE_KEY_SIZE  (NOTE_NAME_SIZE + 80) /* a verifier key as text */
#define NOTE_MAX       4096		     /* bytes of a note */

struct audit_signer; /* in locked memory */

/*
 * From a reference (lib/base/secret.h). A "file:" that does not exist is made, mode 0600, with its
 * verifier key beside it in "<path>.pub", when may_create says so.
 */
int audit_signer_open(const char *reference, const char *origin, bool may_create,
	struct audit_signer **ret, struct error *err);
void audit_signer_free(struct audit_signer *signer);

struct audit_verifier {
	char name[NOTE_NAME_SIZE];
	uint8_t hash[4];
	uint8_t key[32];
};

void audit_signer_verifier(const struct audit_signer *signer, struct audit_verifier *ret);
char *audit_verifier_text(const struct audit_verifier *verifier, char text[static NOTE_KEY_SIZE]);
/* A verifier key, or a private one whose public half is taken. */
int audit_verifier_parse(const char *text, struct audit_verifier *ret, struct error *err);
/* Each line of the file is a key; empty lines and those with # are passed over. */
int audit_verifiers_read(const char *path, struct audit_verifier *list, size_t max,
	size_t *ret_count, struct error *err);

struct audit_note {
	char origin[NOTE_NAME_SIZE];
	int64_t size;
	struct digest root;
	const char *text;   /* borrowed */
	size_t text_length; /* of what is signed */
	size_t length;
};

/* `signer` NULL writes a fourth line, "unsigned", and no signature. */
void audit_note_write(struct buf *out, const char *origin, int64_t size, const struct digest *root,
	const struct audit_signer *signer);
/* The form only; borrows `text`. */
int audit_note_parse(const char *text, size_t length, struct audit_note *ret, struct error *err);
/* A good signature of one of the keys; ERROR_TAMPERED says what is there instead. */
int audit_note_check(const struct audit_note *note, const struct audit_verifier *list, size_t count,
	struct error *err);

#endif
