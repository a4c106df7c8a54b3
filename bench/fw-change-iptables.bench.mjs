import { leafChain } from '../dist/src/gateway/firewall/iptables/ruleset.js';
import { changes } from './firewall/change.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { BareRestore } from './firewall/tools.mjs';

const line = (verb, { connectionPort, address, targetPort, ruleId }) =>
  `-${verb === 'add' ? 'A' : 'D'} ${leafChain('tcp', connectionPort)} -p tcp -m tcp --dport ${connectionPort}` +
  ` -m comment --comment "${ruleId}" -j DNAT --to-destination ${address}:${targetPort}`;

/** One map more and one less, end to end in the module, against a persistent iptables-restore that is given the one line. */
export default () =>
  inNamespace(import.meta.url, async () => {
    const { figures, p99 } = await changes('iptables', () => new BareRestore(), line);
    const value = Math.max(...Object.values(figures).flatMap(({ ratioAdd, ratioDel }) => [ratioAdd, ratioDel]));
    return { value, unit: 'x a persistent iptables-restore', goal: '<= 1.5', ok: value <= 1.5, p99, ...figures };
  });
