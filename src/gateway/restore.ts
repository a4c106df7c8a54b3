import { ContractError } from '../contract/desired-state.schema.js';
import type { DesiredState } from '../contract/desired-state.js';
import { applyOnce } from './apply-once.js';
import { BootFileError, loadBootFile } from './boot-file.js';
import { openFirewall, whyNot } from './firewall/backends.js';
import { desiredOf } from './firewall/desired.js';
import { parted } from './port-ranges.js';
import type { GatewaySettings } from './settings.js';

/** What a boot gave: rules were written, or there was a good reason not to. */
export type Restored = 'restored' | 'nothing-kept' | 'kernel-in-use' | 'plan-mode';

/**
 * `berth gateway restore`: writes the rules that were applied last into an empty kernel, from the boot file and without the
 * control plane. A kernel that holds anything of Berth is newer than the file and is left alone, so this may be run at any
 * time; the gateway does what is missing once it runs. Throws, with nothing written, when the file cannot be trusted.
 */
export async function restore(settings: GatewaySettings): Promise<Restored> {
  const { log, backend, mode, stateFile } = settings;
  if (stateFile === undefined) {
    throw new Error(
      'BERTH_GATEWAY_STATE is not set: it names the file in which the gateway keeps what it applied last',
    );
  }
  if (mode !== 'apply') {
    log('info', 'FIREWALL=plan: nothing is changed');
    return 'plan-mode';
  }
  const state = trusted(settings, stateFile);
  if (state === undefined) {
    log('info', `there is no ${stateFile} yet: the gateway writes it once it has applied something`);
    return 'nothing-kept';
  }
  const reason = await whyNot(backend);
  if (reason !== undefined) throw new Error(reason);
  const firewall = openFirewall(backend);
  try {
    const desired = desiredOf(parted(state), (protocol, port) => firewall.bucketOf(protocol, port));
    const live = await firewall.read(desired.family);
    if (firewall.view(live).holdsAnything) {
      log('info', 'the kernel holds rules of Berth already, which are newer than any file: nothing is changed');
      return 'kernel-in-use';
    }
    await applyOnce(firewall, desired, firewall.plan(desired, live).hash);
    log('info', `restored ${state.maps.length} port maps of generation ${desired.generation} with ${backend}`);
    return 'restored';
  } finally {
    await firewall.close();
  }
}

function trusted({ gateway }: GatewaySettings, stateFile: string): DesiredState | undefined {
  let state;
  try {
    state = loadBootFile(stateFile);
  } catch (error) {
    if (!(error instanceof BootFileError) && !(error instanceof ContractError)) throw error;
    throw new Error(`nothing is restored from ${stateFile}: ${error.message}; the gateway replaces it once it runs`, {
      cause: error,
    });
  }
  if (state !== undefined && ![state.gateway.id, state.gateway.name].includes(gateway)) {
    throw new Error(
      `nothing is restored from ${stateFile}: it is of the gateway ${JSON.stringify(state.gateway.name)}, ` +
        `and this one is ${JSON.stringify(gateway)} (BERTH_GATEWAY)`,
    );
  }
  return state;
}
