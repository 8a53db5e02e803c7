// Child processes that say when they are ready and are gone when the tests are.
import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Starts `command` and resolves once `ready` matches its output, or once it runs where there is no `ready`.
 * @returns the process with `output`, everything that it has printed, and `stop(signal)`.
 */
export async function start(command, args, { ready, env = {}, cwd } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const running = {
    pid: child.pid,
    output: "",
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
      return child.exitCode;
    },
  };
  await new Promise((resolve, reject) => {
    const read = (chunk) => {
      running.output += chunk;
      if (ready?.test(running.output)) resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    if (!ready) child.once("spawn", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}:\n${running.output}`)));
  });
  return running;
}
