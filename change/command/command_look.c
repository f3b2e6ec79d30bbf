/* Programs that only look: their options are listed, so that one that is not known is noticed. */
#include "change/command/command_rooms.h"

#include <string.h>

/* The first operand is a pattern, unless an option gives it. */
static void act_grep(struct command *c)
{
	bool has_pattern = option_has(c, "e") || option_has(c, "f");

	if (option_has(c, "r") && c->operand_count == (has_pattern ? 0U : 1U))
		path_read_all(c, ".");
	for (size_t i = has_pattern ? 0 : 1; i < c->operand_count; i++)
		if (option_has(c, "r"))
			path_read_all(c, c->operands[i]);
		else
			path_read(c, c->operands[i]);
}

/* uniq IN OUT */
static void act_uniq(struct command *c)
{
	if (c->operand_count > 0)
		path_read(c, c->operands[0]);
	if (c->operand_count > 1 && strcmp(c->operands[1], "-") != 0)
		path_impact(c, "write", c->operands[1], "one");
}

static void act_hostname(struct command *c)
{
	if (c->operand_count || option_has(c, "F"))
		impact_add(c, "configure", "host", c->operand_count ? c->operands[0] : "", "one");
}

static void act_date(struct command *c)
{
	bool is_set = option_has(c, "s");

	for (size_t i = 0; i < c->operand_count; i++)
		is_set |= c->operands[i][0] != '+';
	if (is_set)
		impact_add(c, "configure", "clock", "", "one");
}

static void act_top(struct command *c)
{
	if (!option_has(c, "b"))
		act_interactive(c);
}

static void act_dmesg(struct command *c)
{
	if (option_has(c, "H") && !option_has(c, "P"))
		act_interactive(c); /* a pager */
	if (option_has(c, "C") || option_has(c, "c"))
		impact_add(c, "flush", "monitor", "kernel log", "one");
	if (option_has(c, "D") || option_has(c, "E") || option_has(c, "n"))
		impact_add(c, "configure", "kernel", "console", "one");
}

static void act_who(struct command *c)
{
	impact_add(c, "list", "user", "", "one");
}

static void act_ps(struct command *c)
{
	impact_add(c, "list", "process", "", "all");
}

static void act_xxd(struct command *c)
{
	if (c->operand_count > 0)
		path_read(c, c->operands[0]);
	if (c->operand_count > 1)
		path_impact(c, "write", c->operands[1], "one");
}

/* Keys by name, from the databases of the system. */
static void act_getent(struct command *c)
{
	impact_add(c, "list", "user", "", "one");
}

#define SUMS                                                                                       \
	"b,binary c,check t,text z,zero tag ignore-missing q,quiet status strict w,warn "          \
	"a,algorithm: "                                                                            \
	"l,length: untagged"

const struct program command_look_programs[] = {
	{"true false nproc tty logname whoami arch sync pwd", "L P e d a all ignore:", 0,
		act_nothing},
	{"echo", "", STYLE_RAW, act_nothing},
	{"sleep seq basename dirname yes factor",
		"s,suffix: a,multiple z,zero w,equal-width f,format: ", STYLE_NUMBER, act_nothing},
	{"expr", "", STYLE_RAW, act_nothing},
	{"cat tac nl",
		"A,show-all b,number-nonblank e E,show-ends n,number s,squeeze-blank t T,show-tabs "
		"u "
		"v,show-nonprinting v: w: i: l: f: h: d: p",
		0, act_read},
	{"ls dir vdir",
		"a,all A,almost-all author b,escape block-size: B,ignore-backups c C color? "
		"d,directory "
		"D,dired f F,classify? file-type format: full-time g group-directories-first "
		"G,no-group "
		"h,human-readable si H dereference-command-line hide: hyperlink? indicator-style: "
		"i,inode "
		"I,ignore: k,kibibytes l L,dereference m n,numeric-uid-gid N,literal o p "
		"q,hide-control-chars "
		"Q,quote-name quoting-style: r,reverse R,recursive s,size S sort: time: "
		"time-style: t "
		"T,tabsize: u U v w,width: x X Z,context 1 zero show-control-chars",
		0, act_list},
	{"tree", "a d f l L: P: I: p u g s h D t r C n o:> noreport i", 0, act_list},
	{"head tail",
		"c,bytes: n,lines: q,quiet,silent v,verbose z,zero-terminated f,follow? F pid: "
		"retry "
		"s,sleep-interval: max-unchanged-stats:",
		STYLE_NUMBER, act_read},
	{"wc", "c,bytes m,chars l,lines L,max-line-length w,words files0-from:< total:", 0,
		act_read},
	{"grep egrep fgrep zgrep",
		"E,extended-regexp F,fixed-strings G,basic-regexp P,perl-regexp e,regexp: f,file:< "
		"i,ignore-case y no-ignore-case v,invert-match w,word-regexp x,line-regexp c,count "
		"color? "
		"colour? L,files-without-match l,files-with-matches m,max-count: o,only-matching "
		"q,quiet,silent "
		"s,no-messages b,byte-offset H,with-filename h,no-filename label: n,line-number "
		"initial-tab,T Z,null A,after-context: B,before-context: C,context: a,text "
		"binary-files: "
		"D,devices: d,directories: exclude: exclude-from:< exclude-dir: I include: "
		"r,recursive,R "
		"dereference-recursive line-buffered U,binary z,null-data",
		STYLE_NUMBER, act_grep},
	{"stat", "L,dereference f,file-system cached: c,format: printf: t,terse", 0, act_read},
	{"file",
		"b,brief i,mime mime-type mime-encoding L,dereference h,no-dereference "
		"k,keep-going r,raw "
		"s,special-files f,files-from:< F,separator: 0,print0 E e,exclude: n N,no-pad p",
		0, act_read},
	{"readlink realpath",
		"f,canonicalize e,canonicalize-existing m,canonicalize-missing n,no-newline "
		"q,quiet,silent "
		"s,silent v,verbose z,zero L,logical P,physical relative-to: relative-base: strip",
		0, act_list},
	{"df",
		"a,all B,block-size: direct h,human-readable H,si i,inodes k l,local no-sync "
		"output? "
		"P,portability total t,type: T,print-type x,exclude-type:",
		0, act_list},
	{"du",
		"0,null a,all apparent-size B,block-size: b,bytes c,total D,dereference-args "
		"d,max-depth: "
		"files0-from:< H h,human-readable inodes k L,dereference l,count-links m "
		"P,no-dereference "
		"S,separate-dirs si s,summarize t,threshold: time? time-style: X,exclude-from:< "
		"exclude: "
		"x,one-file-system",
		0, act_list},
	{"ps",
		"a A,e d f,F g,G: l,L j c C: o,O,format,pid,p: t,tty,U,u,user,ppid,sort,q: x r "
		"w,ww H,forest h v m M N n T X "
		"s Z",
		STYLE_FIRST_BARE, act_ps},
	{"top htop atop", "b n: d: p: u: U: c H i o: s S w? 1 E: e:", 0, act_top},
	{"uptime free vmstat iostat mpstat slabtop numastat lscpu lsblk lsmem lspci lsusb "
	 "lsns lsipc "
	 "findmnt",
		"p,pretty s,since h,human m,mega g,giga k,kilo b,bytes w,wide t,total c,count: "
		"a,active n d,disk D S,unit: x y "
		"N,json J,json o,output: f,fs i l,list O,output-all e,extended r u,user: P,path "
		"T,types A,all V v",
		STYLE_NUMBER, act_nothing},
	{"pidstat", "d h H I l p: r R s t T: u U v w", STYLE_NUMBER, act_nothing},
	{"pmap", "x,extended d,device q,quiet p,show-path", 0, act_ps},
	{"sar", "A b B d H n: P: q r R S u v w W y o:> f:< s: e: i: h p", STYLE_NUMBER,
		act_nothing},
	{"blkid",
		"o,output: s,match-tag: t,match-token: L,label: U,uuid: p,probe k,list-filesystems "
		"l,list-one "
		"d,no-encoding i,info u,usages: n,match-types:",
		0, act_read},
	{"id groups", "a Z,context g,group G,groups n,name r,real u,user z,zero", 0, act_nothing},
	{"uname",
		"a,all s,kernel-name n,nodename r,kernel-release v,kernel-version m,machine "
		"p,processor "
		"i,hardware-platform o,operating-system",
		0, act_nothing},
	{"who w last lastb lastlog users",
		"a,all b,boot d,dead H,heading l,login m p,process q,count r,runlevel "
		"s,short t,time T,mesg u,user,users n: f:< F i x h o R w L",
		STYLE_NUMBER, act_who},
	{"hostname",
		"a,alias A,all-fqdns b d,domain f,fqdn,long F,file:< i,ip-address "
		"I,all-ip-addresses s,short "
		"y,yp,nis",
		0, act_hostname},
	{"date",
		"d,date: debug f,file:< I,iso-8601? r,reference:< R,rfc-email rfc-3339: s,set: "
		"u,utc,universal",
		0, act_date},
	{"cal ncal", "1 3 s m j y h A: B: d: H: M S w b p", STYLE_NUMBER, act_nothing},
	{"dmesg",
		"C,clear c,read-clear D,console-off E,console-on n,console-level: d,show-delta "
		"e,reltime F,file:< f,facility: H,human J,json k,kernel L,color? l,level: "
		"P,nopager r,raw "
		"S,syslog s,buffer-size: T,ctime t,notime u,userspace w,follow W,follow-new "
		"x,decode time-format: since: until:",
		0, act_dmesg},
	{"sort",
		"b,ignore-leading-blanks d,dictionary-order f,ignore-case g,general-numeric-sort "
		"i,ignore-nonprinting "
		"M,month-sort h,human-numeric-sort n,numeric-sort R,random-sort random-source:< "
		"r,reverse sort: "
		"V,version-sort batch-size: c,check? C compress-program:! debug files0-from:< "
		"k,key: m,merge "
		"o,output:> s,stable S,buffer-size: t,field-separator: T,temporary-directory:% "
		"parallel: u,unique "
		"z,zero-terminated",
		0, act_read},
	{"uniq",
		"c,count d,repeated D all-repeated? f,skip-fields: group? i,ignore-case "
		"s,skip-chars: u,unique "
		"z,zero-terminated w,check-chars:",
		STYLE_NUMBER, act_uniq},
	{"cut paste comm join fold expand unexpand fmt rev column pr",
		"b,bytes: c,characters: d,delimiter: f,fields: s,only-delimited,serial complement "
		"output-delimiter: "
		"z,zero-terminated 1 2 3 i,ignore-case a: e: o: t: v: j: w,width: total "
		"check-order nocheck-order x",
		0, act_read},
	{"tr", "c,C,complement d,delete s,squeeze-repeats t,truncate-set1", 0, act_nothing},
	{"diff cmp diff3 sdiff",
		"q,brief s,report-identical-files c,context? C: u,unified? U: e,ed n,rcs "
		"y,side-by-side W,width: "
		"p l,paginate% r,recursive N,new-file a,text i,ignore-case E Z b w B I: "
		"strip-trailing-cr "
		"label,L: x,exclude: color? normal left-column suppress-common-lines t,expand-tabs "
		"T d,minimal "
		"b,print-bytes n,bytes: v",
		0, act_read},
	{"md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum", SUMS, 0,
		act_read},
	{"od hexdump hd strings", "A: t: N: j: v w? x c b C n: e: s: a,all f,print-file-name d o",
		STYLE_NUMBER, act_read},
	{"xxd", "a b c: E e g: i l: o: p r% s: u", 0, act_xxd},
	{"zcat bzcat xzcat zstdcat", "f q v", 0, act_read},
	{"getent", "s,service:% i,no-idn", 0, act_getent},
	{"printenv locale", "0,null a,all-locales m,charmaps c k", 0, act_nothing},
	{"lsof", "a b c: d: F? g? i? l n N o p: P r? R s? t T? u: U v w x? +D: +d:", 0, act_ps},
	{"fuser", "a l m n: s v u 4 6 k,kill% i% w%", 0, act_ps},
	{"pgrep pidof pstree pwdx lsmod",
		"d: l,list-name a,list-full v,inverse c,count f,full g: G: i,ignore-case n,newest "
		"o,oldest P: s: t: u: U: "
		"x,exact F:< w r: A p n h H: C: N: T S q",
		0, act_ps},
	{"base64 base32", "d,decode i,ignore-garbage w,wrap:", 0, act_read},
	{"which whereis", "a b m s l u", 0, act_nothing},
	{"jq",
		"c,compact-output raw-output,r j n,null-input exit-status,e s,slurp S,sort-keys "
		"R,raw-input "
		"tab C M from-file,f:% L:% arg:% argjson:% slurpfile:% rawfile:% args jsonargs",
		0, act_grep},
	{NULL, NULL, 0, NULL},
};
