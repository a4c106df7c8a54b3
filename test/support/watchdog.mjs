import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Outlives the tests by a moment: when they are gone, however that came (Ctrl-C, kill -9), it ends the database server
 * they left, which is in a session of its own, and removes its folder. Arguments: the server's pid, the folder.
 */
const [pid, folder] = [Number(process.argv[2]), process.argv[3]];

process.once('disconnect', async () => {
  try {
    process.kill(pid, 'SIGQUIT'); // PostgreSQL's "immediate": its children end too
    for (;;) {
      await sleep(50);
      process.kill(pid, 0);
    }
  } catch {
    // it is gone
  }
  await rm(folder, { recursive: true, force: true });
});
process.send('watching');
