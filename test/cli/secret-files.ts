// Encrypted files in a directory of their own, for tests that run programs on them.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { encrypt } from '../../src/index.ts'
import { storeForPath } from '../../src/stores/registry.ts'
import { ageRule, hostWith } from '../ours.ts'

/** Makes the directory for the tests of a file and gives its path. */
export function useSecretFiles(files: Readonly<Record<string, string | Uint8Array>>): () => string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'secret-files-')))
  beforeAll(async () => {
    for (const [name, text] of Object.entries(files)) {
      const format = storeForPath(name).name
      writeFileSync(join(directory, name), await encrypt(Buffer.from(text), ageRule(), { format, host: hostWith() }))
    }
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return () => directory
}
