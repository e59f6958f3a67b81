// The private keys of a Sealed Secrets controller, as a backup of them holds them.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Branch, Value } from '../tree/types.ts'
import { invalid, isSecret, secretEntries } from './entries.ts'
import { fieldOf } from './object.ts'

const pemStart = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const pemKeys = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?-----END \1-----/g

/**
 * @param parse reads a YAML or JSON text
 * @throws SopsError ERR_SOPS_MANIFEST when there is no key, or one cannot be read
 */
export function readSealingKeys(
  bytes: Uint8Array,
  parse: (bytes: Uint8Array) => readonly Branch[],
): readonly KeyObject[] {
  const text = Buffer.from(bytes).toString()
  const pems = text.trimStart().startsWith('-----BEGIN') ? [text] : secretsIn(parse(bytes)).map(keyOf)
  const keys = pems.flatMap((pem) => pem.match(pemKeys) ?? []).map(parseKey)
  if (keys.length === 0) throw invalid('tls.key', 'holds no private key')
  return keys
}

// `kubectl get secret -o yaml` gives one Secret or a List of them.
function secretsIn(documents: readonly Branch[]): readonly Branch[] {
  const nested = documents.flatMap((document) => {
    const items = fieldOf(document, 'items')
    return items?.type === 'list' ? items.items : []
  })
  return [...documents, ...nested].filter((each: Value): each is Branch => each.type === 'branch' && isSecret(each))
}

function keyOf(secret: Branch): string {
  const entry = secretEntries(secret).find(({ key }) => key === 'tls.key')
  const text = Buffer.from(entry?.value ?? []).toString()
  return pemStart.test(text) ? text : ''
}

function parseKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    // The reason could quote the key.
  }
  throw invalid('tls.key', 'is not an RSA key')
}
