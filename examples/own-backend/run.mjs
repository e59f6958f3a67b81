// A key backend of your own: node examples/own-backend/run.mjs (in a project of your own, import from 'tsops')
// The master keys are 32-byte files in a folder, such as one that a secret manager mounts; a file's metadata names one.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, decrypt, encrypt, keyGroup, KeyBackendError } from '../../dist/src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'tsops-keys-'))

const readKey = async (key, host) => {
  try {
    return await host.readFile(join(folder, key.id))
  } catch (cause) {
    throw new KeyBackendError('key_file', key.id, 'denied', `the key file ${key.id} cannot be read`, { cause })
  }
}

const parseName = (name) => {
  // The name comes from files and rules: it must not lead out of the folder.
  if (!/^[a-z0-9-]+$/.test(name)) throw new ConfigError(`not the name of a key file: ${JSON.stringify(name)}`)
  return { type: 'key_file', id: name, enc: '' }
}

const keyFile = {
  type: 'key_file',
  names: { rule: 'key_file', flag: 'key-file', env: 'SOPS_KEY_FILE_NAMES', flagHelp: 'names of key files' },
  parse: (spec) => spec.split(',').filter(Boolean).map(parseName),
  parseGroupEntry: (entry) => [parseName(String(entry))],
  toMetadata: ({ id, enc }) => ({ enc, name: id }),
  fromMetadata: ({ name, enc }) => ({ ...parseName(name), enc }),
  async encryptDataKey(key, dataKey, host) {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', await readKey(key, host), iv)
    const sealed = Buffer.concat([iv, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()])
    return { ...key, enc: sealed.toString('base64') }
  },
  async decryptDataKey(key, host) {
    const sealed = Buffer.from(key.enc, 'base64')
    const decipher = createDecipheriv('aes-256-gcm', await readKey(key, host), sealed.subarray(0, 12))
    decipher.setAuthTag(sealed.subarray(-16))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
    } catch {
      throw new KeyBackendError('key_file', key.id, 'denied', `the key file ${key.id} does not open this data key`)
    }
  },
}

try {
  writeFileSync(join(folder, 'team-a'), randomBytes(32), { mode: 0o600 })
  const backends = [keyFile]
  const rule = { keyGroups: [keyGroup({ key_file: 'team-a' }, backends)] }
  const file = await encrypt(Buffer.from('password: hunter2\n'), rule, { format: 'yaml', backends })
  console.log(Buffer.from(file).toString())
  console.log(Buffer.from(await decrypt(file, { format: 'yaml', backends })).toString())

  writeFileSync(join(folder, 'team-a'), randomBytes(32))
  const refused = await decrypt(file, { format: 'yaml', backends }).catch((error) => error.code)
  console.log('with another key:', refused)
  if (refused !== 'ERR_SOPS_DATA_KEY') process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
