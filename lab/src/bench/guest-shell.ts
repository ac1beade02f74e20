// SPDX-License-Identifier: Apache-2.0

/** Shell functions for the guest; the scripts of the benches begin with them. */
export const guestShell = `set -e
pktgen=/proc/net/pktgen
cpus=$(grep -c ^processor /proc/cpuinfo)
fail() { echo "$*" >&2; exit 1; }
statistic() { cat "/sys/class/net/$1/statistics/$2"; } # INTERFACE NAME
queues() { ls -d "/sys/class/net/$1/queues/$2"-* | wc -l; } # INTERFACE rx|tx

# interface_of DRIVER: the first interface that DRIVER drives; nothing when there is none
interface_of() {
	for link in /sys/class/net/*/device/driver; do
		path=$(readlink "$link")
		[ "\${path##*/}" = "$1" ] || continue
		link=\${link#/sys/class/net/}
		echo "\${link%%/*}"
		return
	done
}

# interface_at MAC
interface_at() {
	for file in /sys/class/net/*/address; do
		read -r address <"$file"
		[ "$address" = "$1" ] || continue
		file=\${file%/address}
		echo "\${file##*/}"
		return
	done
}

# up INTERFACE: brings it up and waits for the carrier
up() {
	ip link set dev "$1" up
	tries=0
	until [ "$(cat "/sys/class/net/$1/carrier")" = 1 ]; do
		tries=$((tries + 1))
		[ $tries -le 500 ] || fail "no carrier on $1"
		sleep 0.02
	done
}

# vectors_of INTERFACE: numbers of its interrupts; a virtio card's belong to the PCI device above it
vectors_of() {
	folder=/sys/class/net/$1/device/msi_irqs
	[ -d "$folder" ] || folder=/sys/class/net/$1/device/../msi_irqs
	ls "$folder"
}

# interrupts_of INTERFACE: how many it has had
interrupts_of() {
	awk -v irqs="$(vectors_of "$1" | tr '\\n' ' ')" -v cpus="$cpus" '
		BEGIN { split(irqs, list, " "); for (i in list) wanted[list[i] ":"] }
		$1 in wanted { for (i = 2; i < 2 + cpus; i++) total += $i }
		END { print total + 0 }' /proc/interrupts
}

set_pktgen() { # FILE COMMAND
	echo "$2" >"$pktgen/$1" || fail "pktgen does not take '$2' for $1"
}

# prepare_sender INTERFACE BYTES DESTINATION BURST THREADS: names pktgen's files in "instances"
prepare_sender() {
	for file in "$pktgen"/kpktgend_*; do echo rem_device_all >"$file"; done
	instances= thread=0
	while [ $thread -lt "$5" ]; do
		instance=$1@$thread queue=$((thread % $(queues "$1" tx)))
		set_pktgen kpktgend_$thread "add_device $instance"
		for setting in "clone_skb 0" "delay 0" "pkt_size $2" "dst_mac $3" "burst 1" \\
			"src_min 198.18.0.1" "src_max 198.18.0.1" "dst 198.18.0.2" \\
			"queue_map_min $queue" "queue_map_max $queue"; do
			set_pktgen $instance "$setting"
		done
		# A frame of its own for each packet, as from a real sender; a burst is one frame given several times.
		if [ "$4" -gt 1 ]; then set_pktgen $instance "burst $4"; else set_pktgen $instance "flag !SHARED"; fi
		instances="$instances $instance" thread=$((thread + 1))
	done
}

# send COUNT: each instance sends that many and no more
send() {
	for instance in $instances; do set_pktgen $instance "count $1"; done
	echo start >$pktgen/pgctrl
}

# send_for SECONDS: all send as fast as they can
send_for() {
	for instance in $instances; do set_pktgen $instance "count 0"; done
	echo start >$pktgen/pgctrl &
	sleep "$1"
	echo stop >$pktgen/pgctrl
	wait
}

# print_sent: what pktgen says of each, a line each
print_sent() {
	for instance in $instances; do
		echo "sender $instance" $(sed -n '/^Result/,$p' "$pktgen/$instance")
	done
}
`;
