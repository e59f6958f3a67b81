import type { Host } from '../../src/host.ts'

/** A host with an environment of its own, no files and no network. */
export function memoryHost(env: Readonly<Record<string, string>>): Host {
  return {
    platform: 'linux',
    env: (name) => env[name],
    readFile: () => Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT' })),
    run: () => Promise.reject(new Error('no process is started here')),
    fetch: () => Promise.reject(new Error('there is no network here')),
  }
}
