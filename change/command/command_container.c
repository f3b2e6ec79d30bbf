/* Containers of a host: docker, podman, nerdctl, ctr, crictl. */
#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>

static const char *operand(const struct command *c, size_t at)
{
	return at < c->operand_count ? c->operands[at] : "";
}

/* "docker container ls" is "docker ls". */
static const char groups[] =
	"container image volume network system compose builder buildx context plugin secret "
	"service stack swarm node config manifest trust images containers tasks namespaces pod";
static const char looks[] =
	"ps ls list images inspect logs top stats port version info df events history search diff "
	"images pods inspecti inspectp imagefsinfo";
static const char deletes[] = "rm rmi prune down remove rmp delete";
static const char stops[] = "stop kill pause stopp";
static const char others[] =
	"start restart unpause update rename wait create pull push tag load import save export "
	"commit "
	"build login logout up connect disconnect init join leave promote demote deploy scale ps";

static bool is_host_path(const char *mount)
{
	return mount[0] == '/' || mount[0] == '.' || mount[0] == '~' || mount[0] == '$';
}

/* Options of run and create that give a container the host. */
static void flag_host(struct command *c, json_t *impact)
{
	for (size_t i = 0; i < c->given_count; i++) {
		const char *name = arena_text_n(
			&c->analysis->arena, c->given[i].name, c->given[i].name_length);
		const char *value = c->given[i].value ? c->given[i].value : "";

		if (!strcmp(name, "privileged") ||
			(text_is_word("cap-add security-opt device device-cgroup-rule", name)))
			impact_flag(impact, "privileged");
		if (!strcmp(name, "v") && is_host_path(value))
			impact_flag(impact, "host_mount");
		if (!strcmp(name, "mount") && strstr(value, "bind"))
			impact_flag(impact, "host_mount");
		if (text_is_word("pid net ipc uts userns cgroupns", name) &&
			(!strcmp(value, "host") || text_starts_with(value, "container:")))
			impact_flag(impact, "host_namespace");
		if (strstr(value, "docker.sock") || strstr(value, "containerd.sock") ||
			strstr(value, "podman.sock"))
			impact_flag(impact, "docker_socket");
	}
}

static void flag_tag(json_t *impact, const char *image)
{
	const char *tag = strrchr(image, ':');

	if (!strstr(image, "@sha256:") && (!tag || strchr(tag, '/') || !strcmp(tag, ":latest")))
		impact_flag(impact, "mutable_tag");
}

static void run_inside(struct command *c, const char *verb, size_t first)
{
	struct command_inner inner = {.doubt = "opaque"};
	json_t *impact = impact_add(c, verb, "container", operand(c, first), "one");

	flag_host(c, impact);
	flag_tag(impact, operand(c, first));
	impact_is_unproved(c, impact, "opaque");
	if (c->operand_count > first + 1) {
		inner.words = c->operands + first + 1;
		inner.count = c->operand_count - first - 1;
		command_start(c, &inner);
	} else if (option_has(c, "i") || option_has(c, "t")) {
		impact_flag(impact, "interactive");
	}
}

static void act_docker(struct command *c)
{
	size_t at = text_is_word(groups, operand(c, 0)) && *operand(c, 1) ? 1 : 0;
	const char *word = operand(c, at);
	const char *verb = text_is_word(deletes, word) ? "delete"
			   : text_is_word(stops, word) ? "stop"
						       : "write";

	if (option_has(c, "H"))
		impact_flag(impact_add(c, "connect", "container", option_value(c, "H"), "one"),
			"docker_socket");
	if (!*word || text_is_word(looks, word)) {
		impact_add(c, "list", "container", operand(c, at + 1), "one");
	} else if (text_is_word("run exec attach debug", word)) {
		run_inside(c, "exec", at + 1);
	} else if (!strcmp(word, "cp")) {
		impact_add(c, "copy", "container", operand(c, at + 1), "one");
		if (!strchr(operand(c, at + 2), ':'))
			path_impact(c, "write", operand(c, at + 2), "recursive");
	} else if (*word && (text_is_word(deletes, word) || text_is_word(stops, word) ||
				    text_is_word(others, word))) {
		const char *known = text_is_word("start restart", word) ? word : verb;

		for (size_t i = at + 1; i < c->operand_count; i++)
			flag_host(c, impact_add(c, known, "container", c->operands[i], "one"));
		if (c->operand_count <= at + 1)
			impact_add(c, known, "container", "", "all");
		if (text_is_word("build load import up deploy create", word))
			command_doubt(c, "opaque");
	} else {
		command_doubt(c, "opaque");
	}
}

/* helm, terraform, argocd ...: what they change follows from files and from the cluster. */
static void act_deployment(struct command *c)
{
	const char *word = c->count > 1 ? c->words[1] : "";
	bool is_look =
		(c->count == 2 && !strcmp(word, "version") &&
			text_is_word("helm terraform tofu kustomize argocd flux istioctl eksctl",
				c->program)) ||
		(!strcmp(c->program, "helm") &&
			text_is_word("list ls status history get search", word));

	if (is_look && !strcmp(c->program, "helm"))
		for (size_t i = 2; i < c->count; i++)
			if (text_starts_with(c->words[i], "--post-renderer") ||
				text_starts_with(c->words[i], "--kubeconfig"))
				is_look = false;
	if (is_look)
		impact_add(c, "list", "k8s", "", "one");
	else
		impact_is_unproved(c,
			impact_add(c,
				text_is_word("uninstall delete destroy", word) ? "delete" : "apply",
				"k8s", "", "unknown"),
			"opaque");
}

const struct program command_container_programs[] = {
	{"docker podman nerdctl ctr crictl docker-compose podman-compose",
		"H,host: c,context:% config:% tls% D l,log-level: n,namespace: a,all q,quiet "
		"f,follow,force filter: no-trunc format: "
		"tail: since: until: timestamps s,size i,interactive t,tty d,detach rm name: "
		"e,env: env-file:% v,volume: mount: "
		"p,publish: P net,network: pid: ipc: uts: userns: cgroupns: privileged cap-add: "
		"cap-drop: security-opt: "
		"device: device-cgroup-rule: u,user: w,workdir: entrypoint:% restart: m,memory: "
		"cpus: l label: h,hostname: "
		"add-host: dns: volumes-from: read-only tmpfs: ulimit: pull: platform: init "
		"log-driver: log-opt: runtime:% "
		"gpus: volumes time: signal: no-stream latest last: digests no-cache file: "
		"build-arg: target: address:% "
		"link: ip: health-cmd:% stop-signal: stop-timeout: detach-keys:",
		0, act_docker},
	{"helm terraform tofu argocd flux kustomize istioctl eksctl gcloud aws az aliyun tccli "
	 "pulumi nomad salt salt-call "
	 "puppet chef-client pssh pdsh clush ansible-console fab cap",
		"", STYLE_RAW, act_deployment},
	{NULL, NULL, 0, NULL},
};
