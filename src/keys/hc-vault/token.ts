import { KeyBackendError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import type { MasterKey } from '../types.ts'

/** VAULT_TOKEN, or else what ~/.vault-token holds; undefined when there is none. Throws KeyBackendError. */
export async function readToken(key: MasterKey, host: Host): Promise<string | undefined> {
  const given = host.env('VAULT_TOKEN') ?? ''
  const token = given === '' ? await readTokenFile(key, host) : given
  if (token === '') return undefined
  if (!/[^\x20-\x7e]/.test(token)) return token
  const message = 'the Vault token contains non-printable characters and cannot be used'
  throw new KeyBackendError(key.type, key.id, 'no-credential', message)
}

async function readTokenFile(key: MasterKey, host: Host): Promise<string> {
  const home = host.env(host.platform === 'win32' ? 'USERPROFILE' : 'HOME') ?? ''
  if (home === '') return ''
  const path = `${home}/.vault-token`
  try {
    return Buffer.from(await host.readFile(path))
      .toString()
      .trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw new KeyBackendError(key.type, key.id, 'no-credential', `cannot get Vault token: ${path} cannot be read`)
  }
}
