// The text of one encrypted value: ENC[AES256_GCM,data:…,iv:…,tag:…,type:…] (compat: aes/cipher.go, 3.13.3).

export interface Envelope {
  readonly data: Buffer
  readonly iv: Buffer
  readonly tag: Buffer
  readonly type: string
}

/** What each ciphertext begins with. */
export const ciphertextMark = 'ENC[AES256_GCM,'
const opening = `${ciphertextMark}data:`

export function emitEnvelope({ data, iv, tag, type }: Envelope): string {
  return `${opening}${data.toString('base64')},iv:${iv.toString('base64')},tag:${tag.toString('base64')},type:${type}]`
}

/** undefined: the text is not an encrypted value. What follows the last `]` of the first line is ignored, as sops does. */
export function parseEnvelope(text: string): Envelope | undefined {
  if (!text.startsWith(opening)) return undefined
  const lineEnd = text.indexOf('\n')
  const line = lineEnd < 0 ? text : text.slice(0, lineEnd)
  const end = line.lastIndexOf(']')
  const typeAt = line.lastIndexOf(',type:', end)
  const tagAt = line.lastIndexOf(',tag:', typeAt)
  const ivAt = line.lastIndexOf(',iv:', tagAt)
  if (end < 0 || typeAt < 0 || tagAt < 0 || ivAt < opening.length) return undefined
  const data = decodeBase64(line.slice(opening.length, ivAt))
  const iv = decodeBase64(line.slice(ivAt + 4, tagAt))
  const tag = decodeBase64(line.slice(tagAt + 5, typeAt))
  const type = line.slice(typeAt + 6, end)
  if (data === undefined || iv === undefined || tag === undefined || type === '') return undefined
  return { data, iv, tag, type }
}

export function isEnvelope(text: string): boolean {
  return parseEnvelope(text) !== undefined
}

// Node passes over what is not base64; sops does not. A shorter result or the URL alphabet gives it away.
function decodeBase64(text: string): Buffer | undefined {
  const clean = text.includes('\r') ? text.replaceAll('\r', '') : text
  if (clean.length === 0 || clean.length % 4 !== 0 || clean.includes('-') || clean.includes('_')) return undefined
  const padding = clean.endsWith('==') ? 2 : clean.endsWith('=') ? 1 : 0
  const bytes = Buffer.from(clean, 'base64')
  return bytes.length === (clean.length / 4) * 3 - padding ? bytes : undefined
}
