local lib = require "lib"

local WORDS = {
	host_mount = "mounts folders of the host", privileged = "is privileged", host_namespace = "shares a namespace of the host",
	docker_socket = "reaches the container engine",
}

return {
	id = "PRIV-004", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "security",
	title = "a container with access to the host",
	looks_at = "containers with a mount, the pids or the network of the host, --privileged, or the engine's socket",
	why = "Such a container is root on the host, and what it does there is recorded nowhere.",
	suggestion = "Mount a volume, give single capabilities, and do what concerns the host as a step on the host.",
	doc = "docs/rules.md#priv-004",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local words = {}
			for _, flag in ipairs { "host_mount", "privileged", "host_namespace", "docker_socket" } do
				if lib.has(impact.flags, flag) then
					words[#words + 1] = WORDS[flag]
				end
			end
			if #words > 0 then
				report(lib.finding(step, command, impact.object, "host access: " .. lib.word(command.program) .. " " .. table.concat(words, ", ")))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "--privileged with a mount", objects = { "debian" }, messages = { "host access: docker mounts folders of the host, is privileged" },
				input = lib.change("docker run debian", { verb = "exec", kind = "container", object = "debian", flags = { "privileged", "host_mount" } }),
			},
			{ name = "the host's pids", input = lib.change("docker run x", { verb = "exec", kind = "container", flags = { "host_namespace" } }) },
			{ name = "the engine's socket", input = lib.change("curl x", { verb = "connect", kind = "container", flags = { "docker_socket" } }) },
		},
		quiet = {
			{ name = "a container alone", input = lib.change("docker run x", { verb = "exec", kind = "container", object = "x", flags = { "mutable_tag" } }) },
		},
	},
}
