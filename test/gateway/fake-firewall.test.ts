import { FakeFirewall } from './fake-firewall.js';
import { firewallContract } from './firewall-contract.js';
import { IPTABLES } from './iptables-dialect.js';

firewallContract('in memory', IPTABLES, async () => {
  const firewall = new FakeFirewall();
  return {
    firewall,
    meddle: async (family, text) => firewall.restore(family, text),
    dump: async (family) => firewall.save(family, 'nat') + firewall.save(family, 'filter'),
    close: () => Promise.resolve(),
  };
});
