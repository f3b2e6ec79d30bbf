# Does sudo.conf name the plugin? sudo refuses every command of everybody when the file of one is
# missing, and the plugin when its gate is. A backslash at its end joins a line with the next.
conf="$DPKG_ROOT/etc/sudo.conf"
sudo_asks() {
  [ -e "$conf" ] && sed -e ':more' -e '/\\$/N' -e 's/\\\n//' -e 't more' "$conf" |
    grep -Eiq '^[[:space:]]*plugin[[:space:]].*rcm_approval\.so'
}
