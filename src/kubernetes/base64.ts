const alphabet = /^[A-Za-z0-9+/]*={0,2}$/

/** The bytes of a text that the API server takes for base64: Go's standard encoding, in which line breaks do not count. */
export function decodeBase64(text: string): Buffer | undefined {
  const encoded = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text
  if (encoded.length % 4 !== 0 || !alphabet.test(encoded)) return undefined
  return Buffer.from(encoded, 'base64')
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
