local lib = require "lib"

local SCRATCH = { "/mnt", "/media", "/tmp", "/run/media" }

-- What happens to a device, in words, or nil.
local function deed(impact)
	if impact.verb == "format" then
		return "formats"
	elseif impact.verb == "unmount" and not lib.below(impact.object, SCRATCH) then
		return "unmounts"
	elseif (impact.kind == "device" or lib.flag(impact, "device")) and lib.mutates(impact)
		and impact.verb ~= "mount" and impact.verb ~= "unmount" then
		return impact.verb == "delete" and "deletes" or "writes to"
	end
	return nil
end

return {
	id = "FS-006", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "sre",
	title = "destroys a block device",
	looks_at = "mkfs, dd to a device, wipefs, lvremove, fdisk, and unmounting a data file system",
	why = "There is no undo on a block device, and device names change between boots and hosts.",
	suggestion = "Name the device by its id, check that it is empty and unmounted in the same script, and drain the host first.",
	doc = "docs/rules.md#fs-006",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local what = deed(impact)
			if what then
				report(lib.finding(step, command, impact.object, "destroys a block device: " .. what .. " " .. lib.what(impact) .. " " .. lib.on(step)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "mkfs", objects = { "/dev/sdb1" }, messages = { "destroys a block device: formats /dev/sdb1 on web-1" },
				input = lib.change("mkfs.ext4 /dev/sdb1", { verb = "format", kind = "device", object = "/dev/sdb1" }),
			},
			{
				name = "dd onto a device that was named as a file",
				input = lib.change("dd of=/dev/sdb", { verb = "write", kind = "path", object = "/dev/sdb", flags = { "device" } }),
			},
			{ name = "a volume is removed", input = lib.change("lvremove vg0/data", { verb = "delete", kind = "device", object = "vg0/data" }) },
			{
				name = "a data file system is unmounted", messages = { "destroys a block device: unmounts /data on web-1" },
				input = lib.change("umount /data", { verb = "unmount", object = "/data" }),
			},
			{ name = "what is unmounted is not known", input = lib.change("umount -a", { verb = "unmount", object = "", scope = "all" }) },
		},
		quiet = {
			{ name = "a stick is unmounted", input = lib.change("umount /mnt/stick", { verb = "unmount", object = "/mnt/stick" }) },
			{ name = "a device is read", input = lib.change("blkid /dev/sdb", { verb = "read", kind = "device", object = "/dev/sdb" }) },
			{ name = "a device is mounted", input = lib.change("mount /dev/sdb /mnt", { verb = "mount", kind = "device", object = "/dev/sdb" }) },
			{ name = "a file is written", input = lib.change("tee x", { verb = "write", object = "/srv/x" }) },
		},
	},
}
