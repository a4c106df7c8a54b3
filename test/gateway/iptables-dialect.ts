import { ssh, web } from './contract-maps.js';
import type { Dialect } from './firewall-contract.js';

function ruleLine(id: string, target = '10.20.3.7:22'): string {
  const port = id === web.ruleId ? 22_601 : 22_600;
  return `-A BERTH-T58 -p tcp -m tcp --dport ${port} -m comment --comment "${id}" -j DNAT --to-destination ${target}`;
}

const HOOK = 'PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "berth1:hook:pre" -j BERTH-PM';
const nat = (...lines: string[]): string => ['*nat', ...lines, 'COMMIT', ''].join('\n');
const filter = (...lines: string[]): string => ['*filter', ...lines, 'COMMIT', ''].join('\n');

export const FOREIGN_BEFORE = `*nat
:SITE - [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -m comment --comment "site: web" -j SITE
-A SITE -d 192.0.2.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.20.9.9:80
-A POSTROUTING -s 10.20.0.0/16 -j MASQUERADE
COMMIT
*filter
:SITE-FW - [0:0]
-A FORWARD -j SITE-FW
-A SITE-FW -s 198.51.100.0/24 -j DROP
COMMIT
`;
export const FOREIGN_AFTER = `*nat
-A PREROUTING -p tcp -m tcp --dport 8081 -j SITE
-A POSTROUTING -s 10.21.0.0/16 -m comment --comment "berth-like" -j MASQUERADE
COMMIT
*filter
-A FORWARD -s 203.0.113.0/24 -j DROP
-A INPUT -p tcp -m tcp --dport 23 -j DROP
COMMIT
`;

/** What is left of a save without our chains, our rules, times and counters. */
export function foreign(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#') && !/^(:|-A )BERTH-/.test(line) && !line.includes('berth1:'))
    .map((line) => line.replace(/\[\d+:\d+\]/, ''))
    .join('\n');
}

/** In the words of `iptables-restore --noflush` and `iptables-save`. */
export const IPTABLES: Dialect = {
  damages: [
    ['a rule that is not ours before our rules', nat('-A BERTH-T58 -p tcp -m tcp --dport 22600 -j RETURN')],
    ['a rule of ours twice', nat(ruleLine(ssh.ruleId))],
    ['a rule with our id and another target', nat(ruleLine(web.ruleId, '10.66.66.66:80'))],
    ['a rule of ours deleted', nat(`-D ${ruleLine(ssh.ruleId).slice(3)}`)],
    ['a leaf emptied', nat('-F BERTH-T58')],
    ['the entry emptied', nat('-F BERTH-PM')],
    ['junk in the entry', nat('-A BERTH-PM -p udp -j RETURN')],
    ['the state chain removed', nat('-F BERTH-STATE', '-X BERTH-STATE')],
    ['the hook twice', nat(`-A ${HOOK}`)],
    ['the hook gone', nat(`-D ${HOOK}`)],
    ['a hook with our mark that we do not know', filter('-A FORWARD -m comment --comment "berth1:hook:old" -j ACCEPT')],
    ['the forward hooks gone', filter('-F FORWARD')],
  ],
  refused: {
    table: 'nat',
    text: nat(ruleLine(web.ruleId, '10.20.3.7:80'), '-D BERTH-T58 -p tcp -m tcp --dport 9 -j RETURN'),
    words: 'Bad rule',
  },
  cutShort: { table: 'nat', text: '*nat\n:BERTH-PM - [0:0]\n' },
  entry: /-A PREROUTING .*berth1:hook:pre/,
  foreignBefore: FOREIGN_BEFORE,
  foreignAfter: FOREIGN_AFTER,
  foreign,
  bare: (text) => text.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, ''),
  ours: /BERTH-|berth1:/,
};
