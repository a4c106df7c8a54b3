// A gateway's engine as a process of its own, to be killed: `agent.mjs <backend>`; each message is one change of what is wanted.
import { Engine } from './engine.mjs';

const engine = await Engine.start(process.argv[2]);
process.on('message', async ({ wanted, adds, removes }) => {
  await (wanted === undefined ? engine.change(adds, removes) : engine.submit(wanted));
  process.send('done');
});
process.send(engine === undefined ? 'absent' : 'ready');
