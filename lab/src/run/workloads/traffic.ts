// SPDX-License-Identifier: Apache-2.0
import type { TrafficProfile } from '../../config/traffic-profiles.ts';
import { ownAddress, peerAddress } from '../guest-driver.ts';
import { parsePing } from '../ping.ts';
import { WorkloadEnded } from '../workload-end.ts';
import { runScript } from './guest-script.ts';
import type { Traffic } from './reload.ts';
import type { StepContext } from './step-context.ts';

/** Has traffic of a profile pass for a while. */
export async function passTraffic(
  { trafficMs, profile = 'ping' }: Traffic,
  context: StepContext,
): Promise<void> {
  switch (profile) {
    case 'ping':
      await context.driver.traffic(trafficMs, context.payloadBytes);
      return;
    case 'small':
    case 'imix':
    case 'large':
    case 'bursts':
      await runScript(context, `passing traffic: ${profile}`, pktgen(profile, trafficMs));
      break;
    case 'jumbo':
      await jumbo(trafficMs, context);
      break;
    case 'tcp':
    case 'udp':
    case 'both-ways':
      await runScript(context, `passing traffic: ${profile}`, iperf(profile, trafficMs));
      break;
  }
  await context.driver.provesTraffic();
}

/**
 * What the kernel's packet generator is told, without checksums of frames. It waits between two frames, so that the
 * guest's other work is not starved; in ns.
 */
const pktgenOptions: Readonly<
  Record<Extract<TrafficProfile, 'small' | 'imix' | 'large' | 'bursts'>, readonly string[]>
> = {
  small: ['pkt_size 60', 'delay 20000'],
  imix: ['imix_weights 60,7 590,4 1514,1', 'delay 50000'],
  large: ['pkt_size 1514', 'delay 100000'],
  bursts: ['pkt_size 594', 'burst 64', 'delay 20000000'],
};

/** Both ends send to the discard port; the answers to that, ICMP, are limited by the kernel. */
function pktgen(profile: keyof typeof pktgenOptions, ms: number): string {
  const options = pktgenOptions[profile].map((option) => `'${option}'`).join(' ');
  return `
[ -d /proc/net/pktgen ] || missing 'packet generator in this kernel'
cat >/run/lab-pktgen <<'END'
# INTERFACE MAC ADDRESS THREAD
g=/proc/net/pktgen
echo rem_device_all >$g/kpktgend_$4
echo "add_device $1" >$g/kpktgend_$4 || exit 1
for o in 'count 0' 'clone_skb 0' "dst $3" "dst_mac $2" 'udp_dst_min 9' 'udp_dst_max 9' 'flag UDPCSUM' ${options}; do
	echo "$o" >$g/$1 || { echo "pktgen refuses $o" >&2; exit 1; }
done
# It ends when the link loses its carrier.
while :; do echo start >$g/pgctrl; sleep 0.05; done
END
far=$(ip -n peer -o link show up | sed -n '/LOOPBACK/d; s/^[0-9]*: \\([^:@]*\\).*/\\1/p' | head -n 1)
far_mac=$(ip netns exec peer cat /sys/class/net/$far/address)
read -r before </sys/class/net/$near/statistics/tx_packets
sh /run/lab-pktgen $near $far_mac ${peerAddress} 0 & one=$!
ip netns exec peer sh /run/lab-pktgen $far $(cat /sys/class/net/$near/address) ${ownAddress} 1 & two=$!
sleep ${seconds(ms)}
# A link without a carrier sends nothing, and some take their time to get it back.
tries=0
until read -r after </sys/class/net/$near/statistics/tx_packets && [ $after -gt $before ]; do
	tries=$((tries + 1))
	[ $tries -le 100 ] || { echo 'the packet generator has sent nothing' >&2; kill $one $two; exit 1; }
	sleep 0.1
done
# Nobody may be there any more: then it was refused.
kill $one $two || exit 1
wait $one $two
for t in 0 1; do
	echo rem_device_all >/proc/net/pktgen/kpktgend_$t
	ip netns exec peer sh -c "echo rem_device_all >/proc/net/pktgen/kpktgend_$t"
done`;
}

/** After this the control connection, which a link without a carrier has cut off, is given up. */
const patienceSeconds = 10;

const iperfOptions = {
  tcp: '-P 4',
  udp: '-u -b 0 -l 1400',
  'both-ways': '--bidir -P 2',
} as const;

/** Until an iperf3 listens, on its port 5201; a debug guest takes a second to start one. */
export const untilServed = `tries=0
until grep -q ":1451 00000000:0000 0A" /proc/net/tcp; do
	tries=$((tries + 1))
	[ $tries -le 200 ] || exit 1
	sleep 0.05
done`;

/** A link that flaps when it connects may make it fail once, and not always. */
const mostAttempts = 3;

function iperf(profile: keyof typeof iperfOptions, ms: number): string {
  const whole = Math.max(1, Math.round(ms / 1_000));
  return `
[ -x /usr/sbin/iperf3 ] || missing 'iperf3 in this guest'
stream() {
	ip netns exec peer iperf3 -4 -s -1 >/dev/null 2>&1 & server=$!
	ip netns exec peer sh -c '${untilServed}' || return 1
	timeout -k 1 ${whole + patienceSeconds} iperf3 -4 -c ${peerAddress} -t ${whole} --connect-timeout 2000 ${iperfOptions[profile]} >/run/lab-iperf 2>&1
	status=$?
	kill $server 2>/dev/null
	wait $server
	return $status
}
tries=1
until stream; do
	[ $tries -lt ${mostAttempts} ] || { tail -n 1 /run/lab-iperf >&2; exit 1; }
	tries=$((tries + 1))
done`;
}

/** Frames longer than the usual ones need other buffers, and the rings that go with them. */
async function jumbo(ms: number, context: StepContext): Promise<void> {
  const ping = `ping -q -f -w ${Math.max(1, Math.ceil(ms / 1_000))} -s 8900`;
  const stdout = await runScript(
    context,
    'passing traffic: jumbo',
    `
far=$(ip -n peer -o link show up | sed -n '/LOOPBACK/d; s/^[0-9]*: \\([^:@]*\\).*/\\1/p' | head -n 1)
most=$(ip -d link show dev $near | sed -n 's/.* maxmtu \\([0-9]*\\).*/\\1/p')
[ "$most" -ge 9000 ] || missing 'MTU of 9,000'
mtu() {
	must 'changing the MTU' ip link set dev $near mtu $1
	must 'changing the MTU' ip -n peer link set dev $far mtu $1
}
mtu 9000
${ping} ${peerAddress} & one=$!
ip netns exec peer ${ping} ${ownAddress} & two=$!
wait $one $two
mtu 1500`,
  );
  const { corrupted } = parsePing(stdout);
  if (corrupted > 0) {
    throw new WorkloadEnded({
      kind: 'wrong',
      title: `packets corrupted on their way through ${context.driver.module}`,
      detail: `${corrupted} packets of 8,900 bytes came back with another payload`,
    });
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}
