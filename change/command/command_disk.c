/* File systems, disks and volumes. */
#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>

/* A device is an operand; its path may be a file that holds a file system. */
static void impact_device(struct command *c, const char *verb, const char *device)
{
	json_t *impact = impact_add(c, verb, "device",
		device[0] == '/' || device[0] == '.' ? path_resolve(c, device) : device,
		*device ? "one" : "unknown");

	impact_flag(impact, "device");
}

static void impact_devices(struct command *c, const char *verb)
{
	if (!c->operand_count)
		impact_device(c, verb, "");
	for (size_t i = 0; i < c->operand_count; i++)
		impact_device(c, verb, c->operands[i]);
}

static void act_format(struct command *c)
{
	if (!option_has(c, "dry-run"))
		impact_device(c, "format", c->operand_count ? c->operands[0] : "");
}

static void act_mount(struct command *c)
{
	const char *options = option_value(c, "o") ? option_value(c, "o") : "";

	if (!c->operand_count && !option_has(c, "a") && !option_has(c, "L") && !option_has(c, "U"))
		return; /* it lists what is mounted */
	if (c->operand_count > 1)
		impact_add(c, "mount", "device", c->operands[0], "one");
	path_impact(c, "mount", c->operand_count ? c->operands[c->operand_count - 1] : "/",
		c->operand_count ? "one" : "all");
	if (strstr(options, "suid") || strstr(options, "helper"))
		command_doubt(c, "opaque");
}

static void act_umount(struct command *c)
{
	if (!c->operand_count)
		impact_add(c, "unmount", "path", "", "all");
	for (size_t i = 0; i < c->operand_count; i++)
		impact_add(c, "unmount", "path", path_resolve(c, c->operands[i]),
			option_has(c, "R") ? "recursive" : "one");
}

/* fdisk and its like: -l lists; else they write, from the keyboard. */
static void act_partition(struct command *c)
{
	bool is_list = text_is_word("fdisk sfdisk gdisk", c->program) && option_has(c, "l");

	is_list |= text_is_word("parted", c->program) && c->operand_count == 2 &&
		   !strcmp(c->operands[1], "print");
	if (is_list) {
		for (size_t i = 0; i < c->operand_count; i++)
			if (c->operands[i][0] == '/')
				path_read(c, c->operands[i]);
		return;
	}
	impact_device(c, "write", c->operand_count ? c->operands[0] : "");
	command_doubt(c, "opaque");
}

static void act_wipefs(struct command *c)
{
	bool is_write = (option_has(c, "a") || option_has(c, "o")) && !option_has(c, "n");

	if (is_write)
		impact_devices(c, "write");
}

/* Volumes: the program's name ends with what it does. */
static void act_volume(struct command *c)
{
	if (text_is_word(
		    "lvs vgs pvs lvdisplay vgdisplay pvdisplay lvscan vgscan pvscan lvmdiskscan",
		    c->program))
		return;
	impact_devices(c, text_ends_with(c->program, "remove")	 ? "delete"
			  : text_ends_with(c->program, "create") ? "format"
								 : "write");
}

/* mdadm, cryptsetup, zfs, btrfs ...: verbs of their own; those listed look. */
static void act_device_control(struct command *c)
{
	static const char askers[] = "mdadm cryptsetup zfs zpool dmsetup nvme drbdadm";
	static const char looks[] = "list status get info show luksDump isLuks ls table deps -D "
				    "--detail -Q --query -E --examine iostat";
	const char *word = c->count > 1 ? c->words[1] : "";
	const char *object = c->count > 2 ? c->words[c->count - 1] : "";

	if (text_is_word(askers, c->program) && text_is_word(looks, word) &&
		(c->count == 2 || (c->count == 3 && object[0] != '-')))
		return;
	if (!strcmp(c->program, "btrfs") && c->count == 4 && object[0] != '-' &&
		text_is_word("subvolume filesystem device balance scrub", word) &&
		text_is_word("list show status usage df stats", c->words[2]))
		return;
	impact_device(c,
		text_is_word("destroy remove luksErase --stop --zero-superblock", word) ? "delete"
											: "write",
		object);
}

static void act_smart(struct command *c)
{
	if (c->given_count && !option_has(c, "a") && !option_has(c, "i") && !option_has(c, "H") &&
		!option_has(c, "A"))
		impact_devices(c, "write");
}

static void act_check(struct command *c)
{
	if (option_has(c, "n"))
		return;
	impact_devices(c, "write");
}

static void act_quota(struct command *c)
{
	impact_add(c, "configure", "user", c->operand_count ? c->operands[0] : "", "one");
}

const struct program command_disk_programs[] = {
	{"mkfs mkfs.* mke2fs mkswap newfs mkudffs",
		"t,type: L: U: b: f F m: i: I: O: E: q n N: j J: d:% c v V K", 0, act_format},
	{"mount",
		"t,types: o,options: a,all r,read-only w,rw,read-write B,bind M,move R,rbind L: U: "
		"v,verbose n,no-mtab "
		"f,fake l,show-labels make-private make-shared make-slave make-rprivate T,fstab:%",
		0, act_mount},
	{"umount",
		"a,all f,force l,lazy R,recursive r,read-only v,verbose n q,quiet d,detach-loop "
		"t,types: O: A,all-targets",
		0, act_umount},
	{"fdisk sfdisk cfdisk parted gdisk sgdisk partprobe",
		"l,list s,script a o: u? c? b: d,dump Z,zap-all% n:% t:% "
		"delete% append%",
		0, act_partition},
	{"wipefs",
		"a,all o,offset: n,no-act f,force b,backup t,types: i,noheadings O,output: "
		"p,parsable q,quiet J,json",
		0, act_wipefs},
	{"lvcreate lvremove lvresize lvextend lvreduce lvchange lvconvert lvrename vgcreate "
	 "vgremove vgreduce vgextend "
	 "vgchange vgrename vgimport vgexport pvcreate pvremove pvmove pvresize pvchange lvs vgs "
	 "pvs lvdisplay vgdisplay "
	 "pvdisplay lvscan vgscan pvscan lvmdiskscan",
		"f,force y,yes L,size: l,extents: n,name: a,all,activate? o,options: v,verbose "
		"r,resizefs q,quiet t,test s,snapshot "
		"units: noheadings nosuffix separator: C c",
		0, act_volume},
	{"mdadm cryptsetup zfs zpool btrfs dmsetup losetup multipath iscsiadm nvme hdparm "
	 "sg_format badblocks blkdiscard "
	 "drbdadm xfs_repair xfs_growfs resize2fs tune2fs e2label debugfs ddrescue vgcfgrestore",
		"", STYLE_RAW, act_device_control},
	{"smartctl",
		"a,all i,info H,health A,attributes l:% d: t:% s:% X,abort% c x,xall j,json q: n:",
		0, act_smart},
	{"fsck fsck.* e2fsck", "n y p a f v t: A C? r V", 0, act_check},
	{"setquota edquota quotaon quotaoff", "u g a v", 0, act_quota},
	{NULL, NULL, 0, NULL},
};
