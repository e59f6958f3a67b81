// age's armor: strict PEM, white space around it aside.

const opening = '-----BEGIN AGE ENCRYPTED FILE-----'
const closing = '-----END AGE ENCRYPTED FILE-----'
const lineLength = 64

/** The bytes of an armored file. Throws Error. */
export function decodeArmor(text: string): Uint8Array {
  const lines = text.trim().replaceAll('\r\n', '\n').split('\n')
  if (lines.shift() !== opening || lines.pop() !== closing) throw new Error('invalid armor')
  const last = lines.at(-1)?.length ?? 0
  if (last === 0 || last > lineLength || lines.slice(0, -1).some((line) => line.length !== lineLength)) {
    throw new Error('invalid length of a line')
  }
  const body = lines.join('')
  const bytes = Buffer.from(body, 'base64')
  // Only one spelling of the bytes is age's.
  if (bytes.toString('base64') !== body) throw new Error('invalid base64')
  return bytes
}
