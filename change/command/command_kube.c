/* kubectl: verbs, kinds, names and selectors to impacts; a verb that is not known is a plugin. */
#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct kube {
	struct command *command;
	const char *verb; /* "rollout restart" is "restart" with first = 2 */
	size_t first;	  /* the first operand behind the verb */
	const char *cluster, *namespace;
};

static const char *operand(const struct kube *k, size_t at)
{
	return at < k->command->operand_count ? k->command->operands[at] : "";
}

static char *object_of(const struct kube *k, const char *kind, const char *name)
{
	return arena_format(&k->command->analysis->arena, "k8s:%s/%s/%s/%s", k->cluster,
		k->namespace, kind, name);
}

/* How wide a selection is: flags and scope that follow from the options. */
static json_t *impact(
	struct kube *k, const char *verb, const char *kind, const char *name, bool is_many)
{
	struct command *c = k->command;
	const char *selector = option_value(c, "l");
	const char *scope = is_many ? "many" : "one";
	json_t *made;

	if (option_has(c, "A"))
		scope = "cluster";
	else if (option_has(c, "all"))
		scope = "all";
	else if (option_has(c, "l") || option_has(c, "field-selector"))
		scope = "many";
	made = impact_add(c, verb, "k8s", object_of(k, kind, name), scope);
	if (option_has(c, "all"))
		impact_flag(made, "everything");
	if (option_has(c, "A"))
		impact_flag(made, "all_namespaces");
	if (option_has(c, "l") && (!selector || !*selector || !strcmp(selector, "=")))
		impact_flag(made, "empty_selector");
	return made;
}

typedef void note_fn(struct kube *k, json_t *impact);

/* One for each of "deploy,svc". Without a name it is every object of the kind that is selected. */
static void impact_kinds(
	struct kube *k, const char *verb, const char *kinds, const char *name, note_fn *note)
{
	for (const char *part = kinds; *part; part += strcspn(part, ","), part += *part == ',') {
		json_t *made = impact(k, verb,
			arena_text_n(&k->command->analysis->arena, part, strcspn(part, ",")), name,
			!*name);

		if (note)
			note(k, made);
	}
}

/* KIND/NAME ..., KIND NAME ..., KIND[,KIND] alone, or -f FILE. */
static void impact_resources(struct kube *k, const char *verb, note_fn *note)
{
	struct command *c = k->command;
	const char *file = option_value(c, "f") ? option_value(c, "f") : option_value(c, "k");
	const char *kind = operand(k, k->first);
	bool is_pair = strchr(kind, '/') != NULL;

	if (file || !*kind) {
		/* What a file names is known once its text is. */
		json_t *made = impact_add(
			c, verb, "k8s", file && path_is_url(file) ? file : "", "unknown");

		if (file && path_is_url(file))
			impact_flag(made, "fetch_and_run");
		if (note)
			note(k, made);
		if (strcmp(verb, "read") != 0 && strcmp(verb, "list") != 0 &&
			!(file && path_is_bound(c, file)))
			command_doubt(c, "mutable_ref");
		return;
	}
	for (size_t i = k->first; i < c->operand_count; i++) {
		const char *word = c->operands[i];
		size_t slash = strcspn(word, "/");
		json_t *made;

		if (!is_pair && i == k->first) {
			if (i + 1 == c->operand_count)
				impact_kinds(k, verb, kind, "", note);
			continue;
		}
		if (is_pair && strchr(word, '='))
			continue; /* set image deployment/web c=image */
		if (!is_pair) {
			impact_kinds(k, verb, kind, word, note);
			continue;
		}
		made = impact(k, verb, arena_text_n(&c->analysis->arena, word, slash),
			word[slash] ? word + slash + 1 : "", false);
		if (note)
			note(k, made);
	}
}

/* Secrets are read by their values only where the output shows them. */
static void act_get(struct kube *k)
{
	const char *output = option_value(k->command, "o") ? option_value(k->command, "o") : "";
	bool is_list = !*output || text_is_word("wide name", output);

	impact_resources(k,
		is_list || option_has(k->command, "w") ? (is_list ? "list" : "read") : "read",
		NULL);
	if (option_has(k->command, "raw"))
		command_doubt(k->command, "opaque");
}

static void act_look(struct kube *k)
{
	impact_resources(k, "read", NULL);
}

static void act_question(struct kube *k)
{
	(void)k;
}

static void act_logs(struct kube *k)
{
	const char *name = operand(k, k->first);
	bool has_kind = strchr(name, '/') != NULL;

	/* -f follows, and takes no value here. */
	if (!*name && option_value(k->command, "f"))
		name = option_value(k->command, "f");
	if (has_kind)
		impact_resources(k, "read", NULL);
	else
		impact(k, "read", "pod", name, option_has(k->command, "l"));
}

static void act_delete(struct kube *k)
{
	impact_resources(k, "delete", NULL);
}

static void note_manifest(struct kube *k, json_t *made)
{
	if (option_has(k->command, "prune"))
		impact_flag(made, "everything");
}

static void act_apply(struct kube *k)
{
	impact_resources(k, "apply", note_manifest);
}

static void note_image(struct kube *k, json_t *made)
{
	struct command *c = k->command;

	for (size_t i = 0; i < c->operand_count; i++) {
		const char *image = strchr(c->operands[i], '=');
		const char *tag = image ? strrchr(image, ':') : NULL;

		if (image && !strstr(image, "@sha256:") &&
			(!tag || strchr(tag, '/') || text_is_word(":latest :stable :main", tag)))
			impact_flag(made, "mutable_tag");
	}
}

static void act_write(struct kube *k)
{
	impact_resources(k, "write", note_image);
}

static void act_configure(struct kube *k)
{
	impact_resources(k, "configure", note_image);
}

static void note_replicas(struct kube *k, json_t *made)
{
	const char *to = option_value(k->command, "replicas"),
		   *from = option_value(k->command, "current-replicas");

	if (to && *to && strspn(to, "0123456789") == strlen(to))
		impact_number(made, "to", strtoll(to, NULL, 10));
	if (from && *from && strspn(from, "0123456789") == strlen(from) && strcmp(from, "-1") != 0)
		impact_number(made, "from", strtoll(from, NULL, 10));
}

static void act_scale(struct kube *k)
{
	impact_resources(k, "scale", note_replicas);
}

static void act_restart(struct kube *k)
{
	impact_resources(k, "restart", NULL);
}

static void impact_nodes(struct kube *k, const char *verb, size_t last)
{
	bool has_name = false;

	for (size_t i = k->first; i < last; i++)
		if (!text_is_word("node nodes no", operand(k, i))) {
			const char *name = operand(k, i);

			has_name = true;
			impact(k, verb, "node", text_starts_with(name, "node/") ? name + 5 : name,
				false);
		}
	if (!has_name)
		impact(k, verb, "node", "", true);
}

static void act_drain(struct kube *k)
{
	impact_nodes(k, "drain", k->command->operand_count);
}

static void act_uncordon(struct kube *k)
{
	impact_nodes(k, "configure", k->command->operand_count);
}

/* taint nodes n1 n2 key=value:Effect */
static void act_taint(struct kube *k)
{
	size_t last = k->command->operand_count;

	while (last > k->first && strpbrk(operand(k, last - 1), ":="))
		last--;
	while (last == k->command->operand_count && last > k->first + 2 &&
		text_ends_with(operand(k, last - 1), "-"))
		last--;
	impact_nodes(k, "drain", last);
}

static void act_create(struct kube *k)
{
	const char *kind = operand(k, k->first);
	size_t name = k->first + 1;

	if (option_has(k->command, "f") || option_has(k->command, "k") || !*kind) {
		impact_resources(k, "create", NULL);
		return;
	}
	if (!strcmp(kind, "token"))
		kind = "serviceaccount";
	if (text_is_word("secret service quota", kind) && strcmp(kind, "quota") != 0 &&
		*operand(k, name + 1))
		name++; /* create secret generic NAME */
	impact(k, "create", kind, operand(k, name), false);
}

/* A pod's inside: a command there is named, and never proved here. */
static void act_exec(struct kube *k)
{
	struct command *c = k->command;
	struct command_inner inner = {.doubt = "opaque"};
	const char *pod = operand(k, k->first);
	size_t slash = strcspn(pod, "/");
	json_t *made = pod[slash] ? impact(k, "exec", arena_text_n(&c->analysis->arena, pod, slash),
					    pod + slash + 1, false)
				  : impact(k, "exec", "pod", pod, false);

	if (!strcmp(k->verb, "attach") ||
		(c->operand_count <= k->first + 1 && strcmp(k->verb, "debug") != 0))
		impact_flag(made, "interactive");
	impact_is_unproved(
		c, made, impact_has_flag(made, "interactive") ? "interactive_shell" : "opaque");
	if (c->operand_count > k->first + 1) {
		inner.words = c->operands + k->first + 1;
		inner.count = c->operand_count - k->first - 1;
		command_start(c, &inner);
	}
}

static void act_copy(struct kube *k)
{
	struct command *c = k->command;

	for (size_t i = k->first; i < c->operand_count; i++) {
		const char *word = c->operands[i];
		size_t colon = strcspn(word, ":");

		if (word[colon])
			impact(k, "copy", "pod", arena_text_n(&c->analysis->arena, word, colon),
				false);
		else if (i + 1 == c->operand_count)
			path_impact(c, "write", word, "recursive");
		else
			path_read(c, word);
	}
}

static void act_forward(struct kube *k)
{
	const char *pod = operand(k, k->first);
	size_t slash = strcspn(pod, "/");

	impact(k, "connect",
		pod[slash] ? arena_text_n(&k->command->analysis->arena, pod, slash) : "pod",
		pod[slash] ? pod + slash + 1 : pod, false);
}

static void act_run(struct kube *k)
{
	json_t *made = impact(k, "create", "pod", operand(k, k->first), false);
	const char *image = option_value(k->command, "image");
	const char *tag = image ? strrchr(image, ':') : NULL;

	if (!tag || strchr(tag, '/') || !strcmp(tag, ":latest"))
		impact_flag(made, "mutable_tag");
	if (option_has(k->command, "i") || option_has(k->command, "attach"))
		impact_flag(made, "interactive");
	if (option_has(k->command, "privileged"))
		impact_flag(made, "privileged");
	if (option_has(k->command, "overrides"))
		command_doubt(k->command, "opaque");
}

static void act_edit(struct kube *k)
{
	impact_resources(k, "write", NULL);
	act_interactive(k->command);
}

/* auth can-i looks; reconcile grants. */
static void act_auth(struct kube *k)
{
	if (!text_is_word("can-i whoami", operand(k, k->first)))
		impact_add(k->command, "grant", "k8s", "", "unknown");
}

static void act_certificate(struct kube *k)
{
	impact(k, "grant", "certificatesigningrequest", operand(k, k->first + 1), false);
}

static void act_config(struct kube *k)
{
	if (!text_is_word("view get-contexts current-context get-clusters get-users",
		    operand(k, k->first)))
		impact_add(k->command, "configure", "path", "~/.kube/config", "one");
	if (option_has(k->command, "raw"))
		command_doubt(k->command, "opaque");
}

static const struct {
	const char *words; /* "rollout restart" as "rollout/restart" */
	void (*act)(struct kube *k);
	bool can_dry_run;
} kube_verbs[] = {
	{"get", act_get, false},
	{"describe wait rollout/status rollout/history events top explain", act_look, false},
	{"version cluster-info api-resources api-versions completion options help", act_question,
		false},
	{"logs", act_logs, false},
	{"diff", act_look, false},
	{"delete", act_delete, true},
	{"apply replace", act_apply, true},
	{"patch label annotate", act_write, true},
	{"edit", act_edit, false},
	{"create", act_create, true},
	{"set/image set/env set/resources set/selector set/serviceaccount set/subject autoscale "
	 "expose rollout/undo "
	 "rollout/pause rollout/resume",
		act_configure, true},
	{"scale", act_scale, true},
	{"rollout/restart", act_restart, true},
	{"drain cordon", act_drain, true},
	{"uncordon", act_uncordon, true},
	{"taint", act_taint, true},
	{"exec attach debug", act_exec, false},
	{"cp", act_copy, false},
	{"port-forward proxy", act_forward, false},
	{"run", act_run, true},
	{"auth", act_auth, true},
	{"certificate", act_certificate, false},
	{"config", act_config, false},
};

/* Kinds that "create" knows by itself; another one is a plugin. */
static const char kube_creates[] =
	"configmap cm secret deployment deploy service svc namespace ns job cronjob cj role "
	"rolebinding "
	"clusterrole clusterrolebinding serviceaccount sa quota resourcequota ingress ing "
	"poddisruptionbudget pdb priorityclass pc token";

static void act_kubectl(struct command *c)
{
	struct kube k = {.command = c, .first = 1};
	const char *word = c->operand_count ? c->operands[0] : "help";
	const char *sub = c->operand_count > 1 ? c->operands[1] : "";
	const char *dry_run = option_value(c, "dry-run");

	k.verb = word;
	k.cluster = option_value(c, "context") ? option_value(c, "context")
					       : option_value(c, "cluster");
	k.cluster = k.cluster ? k.cluster : "";
	k.namespace = option_value(c, "n") ? option_value(c, "n") : "";
	if (text_is_word("rollout set", word)) {
		k.verb = arena_format(&c->analysis->arena, "%s/%s", word, sub);
		k.first = 2;
	}
	for (size_t i = 0; i < COUNT(kube_verbs); i++)
		if (text_is_word(kube_verbs[i].words, k.verb)) {
			if (!strcmp(word, "create") && *sub && !text_is_word(kube_creates, sub))
				impact_runs(c, arena_format(&c->analysis->arena,
						       "kubectl-create-%s", sub));
			/* Nothing is sent with "client"; with "server" admission webhooks are
			 * asked. */
			if (kube_verbs[i].can_dry_run && dry_run && !strcmp(dry_run, "client"))
				impact_resources(&k, "read", NULL);
			else
				kube_verbs[i].act(&k);
			if (!strcmp(word, "diff"))
				command_doubt(
					c, "opaque"); /* KUBECTL_EXTERNAL_DIFF, and webhooks */
			return;
		}
	impact_runs(c, arena_format(&c->analysis->arena, "kubectl-%s", word));
}

const struct program command_kube_programs[] = {
	{"kubectl oc k3s#",
		"n,namespace: context: cluster: kubeconfig:% user:% token:% s,server:% as:% "
		"as-group:% "
		"certificate-authority:% client-certificate:% client-key:% "
		"insecure-skip-tls-verify% v: request-timeout: "
		"cache-dir:% A,all-namespaces all? l,selector: field-selector: o,output: w,watch "
		"watch-only no-headers "
		"show-labels L,label-columns: sort-by: ignore-not-found chunk-size: show-kind "
		"template: raw:% f,filename: "
		"k,kustomize: R,recursive grace-period: force now wait? cascade? dry-run? "
		"server-side force-conflicts "
		"field-manager: prune prune-whitelist: prune-allowlist: validate? overwrite "
		"record? save-config type: p,patch: "
		"patch-file:< subresource: replicas: current-replicas: resource-version: timeout: "
		"ignore-daemonsets "
		"delete-emptydir-data delete-local-data disable-eviction pod-selector: "
		"skip-wait-for-delete-timeout: c,container: "
		"i,stdin t,tty previous since: since-time: tail: timestamps follow limit-bytes: "
		"max-log-requests: prefix "
		"all-containers image: restart: env: labels: port: overrides: command rm attach "
		"quiet,q privileged address: "
		"for: containers local to-revision: revision: min: max: cpu-percent: name: "
		"target-port: protocol: "
		"from-literal: from-file:< from-env-file:< role: clusterrole: serviceaccount: "
		"verb: resource: "
		"resource-name: rule: duration: show-managed-fields include-uninitialized short "
		"client flatten minify "
		"api-group: namespaced cached categories: api-version: show-events node-shell% "
		"share-processes% "
		"copy-to:% target:% profile:% profile-output:%",
		0, act_kubectl},
	{NULL, NULL, 0, NULL},
};
