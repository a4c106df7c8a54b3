import type { Dialect } from './firewall-contract.js';

const SHELF = 'type inet_proto . inet_service : ipv4_addr . inet_service;';
const lines = (...commands: string[]): string => `${commands.join('\n')}\n`;
const one = (what: string, ...commands: string[]): [string, string] => [what, lines(...commands)];

/** In the words of `nft -f -` and `nft -s list ruleset`; ports 22600-22602 are in bucket 22, port 53 in bucket 0. */
export const NFT: Dialect = {
  damages: [
    one('an element of ours deleted', 'delete element ip berth m22 { tcp . 22600 }'),
    one(
      'an element led elsewhere',
      'delete element ip berth m22 { tcp . 22600 }',
      'create element ip berth m22 { tcp . 22600 : 10.66.66.66 . 22 }',
    ),
    one('an element that is not ours', 'create element ip berth m22 { tcp . 22700 : 10.66.66.66 . 22 }'),
    one('an element of a protocol that is not mapped', 'create element ip berth m22 { sctp . 5 : 10.66.66.66 . 22 }'),
    one('an element in the map of other ports', 'create element ip berth m3 { tcp . 22600 : 10.66.66.66 . 22 }'),
    one(
      'an element with a comment of others',
      'delete element ip berth m22 { tcp . 22600 }',
      'create element ip berth m22 { tcp . 22600 comment "mine" : 10.20.3.7 . 22 }',
    ),
    one('one for some opened to all', 'create element ip berth m22 { tcp . 22602 : 10.20.3.7 . 8080 }'),
    one('one for some opened to more', 'create element ip berth f22 { tcp . 22602 . 192.0.2.0/24 : 10.20.3.7 . 8080 }'),
    one('a map emptied', 'flush map ip berth m22'),
    one('the map for some emptied', 'flush map ip berth f22'),
    one('the notes gone', 'flush set ip berth notes'),
    one('the set of notes gone', 'delete set ip berth notes'),
    one(
      'a second note of what was applied',
      'create element ip berth notes { 1 . 2 comment "berth1:state:9:0123456789abcdef" }',
    ),
    one('a note that says nothing', 'create element ip berth notes { 1 . 2 }'),
    one('a chain emptied', 'flush chain ip berth s22'),
    one('the entry emptied', 'flush chain ip berth prerouting'),
    one('a rule before ours in a chain', 'insert rule ip berth s22 tcp dport 22600 return'),
    one('a rule before ours in the entry', 'insert rule ip berth prerouting tcp dport 22600 accept'),
    one('a rule of ours twice', 'add rule ip berth postrouting ct status dnat masquerade comment "berth1:0123"'),
    one('hairpin gone', 'flush chain ip berth postrouting'),
    one('a map gone', 'flush chain ip berth s22', 'delete map ip berth m22'),
    one('a chain gone', 'flush chain ip berth prerouting', 'flush chain ip berth s22', 'delete chain ip berth s22'),
    one(
      'a map of another kind',
      'flush chain ip berth s22',
      'delete map ip berth m22',
      `add map ip berth m22 { ${SHELF} flags timeout; }`,
    ),
    one('a chain that is not ours', 'add chain ip berth mine { type nat hook prerouting priority -150; }'),
    one('a set that is not ours', 'add set ip berth mine { type ipv4_addr; }'),
    one('a counter that is not ours', 'add counter ip berth mine'),
    one('a policy changed', 'chain ip berth prerouting { policy drop; }'),
    one(
      'the entry hooked elsewhere',
      'flush chain ip berth prerouting',
      'delete chain ip berth prerouting',
      'add chain ip berth prerouting { type nat hook prerouting priority 0; }',
    ),
    one('the table emptied of everything', 'delete table ip berth', 'add table ip berth'),
    one('the table deleted', 'delete table ip berth'),
    one('all tables deleted', 'flush ruleset'),
  ],
  refused: {
    table: 'ip berth',
    text: lines(
      'create element ip berth m22 { tcp . 22601 : 10.20.3.7 . 80 }',
      'delete element ip berth m22 { tcp . 9 }',
    ),
    words: 'No such file or directory (tcp . 9)',
  },
  cutShort: { table: 'ip berth', text: 'create table ip berth' },
  entry: /table ip6 berth \{[^]*hook prerouting/,
  foreignBefore: `table inet site {
  set blocked { type ipv4_addr; elements = { 198.51.100.1 }; }
  chain pre {
    type nat hook prerouting priority -100; policy accept;
    tcp dport 8080 dnat ip to 10.20.9.9:80 comment "site: web"
  }
  chain fw {
    type filter hook forward priority 0; policy accept;
    ip saddr @blocked drop
  }
}
table ip site-nat {
  chain post {
    type nat hook postrouting priority 100; policy accept;
    ip saddr 10.20.0.0/16 masquerade
  }
}
`,
  foreignAfter: lines(
    'add rule inet site fw ip saddr 203.0.113.0/24 drop',
    'add element inet site blocked { 198.51.100.2 }',
    'add table ip berth-like',
    'add chain ip berth-like x { type nat hook prerouting priority 50; }',
  ),
  foreign: (text) => text.replace(/^table ip6? berth \{$[^]*?^\}$\n?/gm, ''),
  bare: (text) => text,
  ours: /^table ip6? berth \{|berth1:/m,
};
