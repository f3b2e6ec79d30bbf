-- Kinds that are driven over http: how their registers are read and written there. The fields of
-- `http` are those of the graph's register: read (path to GET), pointer (into what came), write
-- (how), path (where to write), version (where the version is), check (path for a dry run).
local presets = {}

local function escape(word)
	return (string.gsub(word, "[^%w._~-]", function(byte)
		return string.format("%%%02X", string.byte(byte))
	end))
end

presets.escape = escape

local function deployment(workload)
	local namespace, name = string.match(workload, "^([^/]+)/(.+)$")
	return "/apis/apps/v1/namespaces/" .. namespace .. "/deployments/" .. name
end

-- A name's zone: given, or what follows the first label.
local function record_set(name, record_type, taken)
	local zone = taken.zone or string.match(name, "^[^.]+%.(.+)$") or name
	local path = "/api/v1/servers/localhost/zones/" .. escape(zone)
	return path, path .. "?rrset_name=" .. escape(name) .. "&rrset_type=" .. escape(record_type)
end

presets["http.json"] = function(args, taken)
	return { read = args[1], pointer = args[2], write = taken.write or "put", path = args[1], version = "etag" }
end

presets["kubernetes.replicas"] = function(args)
	local path = deployment(args[1]) .. "/scale"
	return {
		read = path, pointer = "/spec/replicas", write = "merge-patch", path = path,
		version = "/metadata/resourceVersion", check = path .. "?dryRun=All",
	}
end

presets["kubernetes.ready"] = function(args)
	return { read = deployment(args[1]), pointer = "/status/readyReplicas" }
end

presets["powerdns.rrset"] = function(args, taken)
	local path, read = record_set(args[1], args[2], taken)
	return { read = read, pointer = "/rrsets/0", write = "powerdns-rrset", path = path }
end

presets["powerdns.ttl"] = function(args, taken)
	local _, read = record_set(args[1], args[2], taken)
	return { read = read, pointer = "/rrsets/0/ttl" }
end

presets["nacos.config"] = function(args)
	local path = "/nacos/v1/cs/configs"
	return {
		read = path .. "?group=" .. escape(args[1]) .. "&dataId=" .. escape(args[2]), pointer = "",
		write = "nacos-config", path = path, version = "md5",
	}
end

return presets
