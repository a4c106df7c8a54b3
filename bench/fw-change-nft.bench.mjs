import { changes } from './firewall/change.mjs';
import { backend } from './firewall/engine.mjs';
import { inNamespace } from './firewall/namespace.mjs';
import { BareNft } from './firewall/tools.mjs';

/** One map more and one less, end to end in the module, against a persistent `nft -i` that is given the one element. */
export default () =>
  inNamespace(import.meta.url, async () => {
    const firewall = await backend('nft');
    if (firewall === undefined) return { value: null, unit: 'not run', skipped: 'this build has no nft backend' };
    const line = (verb, { connectionPort, address, targetPort }) => {
      const bucket = firewall.bucketOf('tcp', connectionPort);
      const value = verb === 'add' ? ` : ${address} . ${targetPort}` : '';
      return `${verb} element ip berth ${bucket} { tcp . ${connectionPort}${value} }`;
    };
    const { figures, p99 } = await changes('nft', () => new BareNft(), line);
    const rows = Object.values(figures);
    const value = Math.max(...rows.flatMap(({ ratioAdd, ratioDel }) => [ratioAdd, ratioDel]));
    const growth = Number((rows.at(-1).add / rows[0].add).toFixed(2));
    const ok = value <= 2 && p99 <= 2 && growth <= 1.3;
    return {
      value,
      unit: 'x a persistent nft -i',
      goal: '<= 2, p99 <= 2 ms, growth <= 1.3',
      ok,
      p99,
      growth,
      ...figures,
    };
  });
