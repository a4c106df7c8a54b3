import { FakeFirewall } from './fake-firewall.js';
import { firewallContract } from './firewall-contract.js';

firewallContract('in memory', async () => {
  const firewall = new FakeFirewall();
  return {
    firewall,
    meddle: async (family, text) => firewall.restore(family, text),
    save: async (family, table) => firewall.save(family, table),
    close: () => Promise.resolve(),
  };
});
