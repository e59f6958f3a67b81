// Programs that see an /etc/sops of the test's own, in a mount namespace of theirs: nothing else on the machine does.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const place = '/etc/sops'

export interface AuditConfig {
  write(text: string): void
  /** What runs a program so that it reads the file: put before the program and its arguments. */
  readonly prefix: readonly string[]
  close(): void
}

/** Throws with the way out when the system does not let us. */
export function openAuditConfig(): AuditConfig {
  const directory = mkdtempSync(join(tmpdir(), 'tsops-etc-'))
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const made = !existsSync(place)
  if (made) run([...sudo, 'mkdir', place])
  const prefix = [
    ...sudo,
    'unshare',
    '-m',
    'sh',
    '-c',
    'mount --bind "$0" "$1" && shift && exec "$@"',
    directory,
    place,
  ]
  const close = (): void => {
    if (made) run([...sudo, 'rmdir', place])
    rmSync(directory, { recursive: true })
  }
  if (!run([...prefix, 'true'])) {
    close()
    throw new Error('The audit tests need root, or sudo without a password, and `unshare -m`')
  }
  return { write: (text) => writeFileSync(join(directory, 'audit.yaml'), text), prefix, close }
}

function run([file = '', ...args]: readonly string[]): boolean {
  return spawnSync(file, args).status === 0
}
