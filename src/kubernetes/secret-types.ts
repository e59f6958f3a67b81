// What the built-in types of Secrets must hold (validation of the API server, 1.36; kubernetes.io/tls: also what
// `kubectl create secret tls` checks).
import { createPrivateKey, X509Certificate } from 'node:crypto'

/** The decoded data of a Secret. */
export type SecretData = ReadonlyMap<string, Buffer>

export interface SecretType {
  /** Keys that must be there. */
  readonly keys: readonly string[]
  /** Keys of which one must be there. */
  readonly oneOf?: readonly string[]
  /** An annotation that must be there. */
  readonly annotation?: string
  /** What is wrong with keys that are there: the key and what it is not. */
  check?(data: SecretData): readonly (readonly [key: string, message: string])[]
}

export const secretTypes: ReadonlyMap<string, SecretType> = new Map<string, SecretType>([
  ['kubernetes.io/tls', { keys: ['tls.crt', 'tls.key'], check: checkTls }],
  ['kubernetes.io/dockerconfigjson', { keys: ['.dockerconfigjson'], check: checkJson('.dockerconfigjson') }],
  ['kubernetes.io/dockercfg', { keys: ['.dockercfg'], check: checkJson('.dockercfg') }],
  ['kubernetes.io/basic-auth', { keys: [], oneOf: ['username', 'password'] }],
  ['kubernetes.io/ssh-auth', { keys: ['ssh-privatekey'], check: checkSshKey }],
  ['kubernetes.io/service-account-token', { keys: [], annotation: 'kubernetes.io/service-account.name' }],
])

function checkTls(data: SecretData): readonly (readonly [string, string])[] {
  const certificate = data.get('tls.crt')
  const key = data.get('tls.key')
  const parsedCertificate = certificate && attempt(() => new X509Certificate(certificate))
  const parsedKey = key && attempt(() => createPrivateKey(key))
  const found: [string, string][] = []
  if (certificate && !parsedCertificate) found.push(['tls.crt', 'it is not a certificate in PEM'])
  if (key && !parsedKey) found.push(['tls.key', 'it is not a private key in PEM, or it is locked with a passphrase'])
  if (parsedCertificate && parsedKey && !parsedCertificate.checkPrivateKey(parsedKey)) {
    found.push(['tls.key', 'it is not the key of the certificate in tls.crt'])
  }
  return found
}

function checkSshKey(data: SecretData): readonly (readonly [string, string])[] {
  return data.get('ssh-privatekey')?.length === 0 ? [['ssh-privatekey', 'it is empty']] : []
}

function checkJson(key: string): NonNullable<SecretType['check']> {
  return (data) => {
    const bytes = data.get(key)
    if (bytes === undefined) return []
    const parsed = attempt((): unknown => JSON.parse(bytes.toString()))
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? [] : [[key, 'it is not a JSON object']]
  }
}

// What the parser says may quote what it read.
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
