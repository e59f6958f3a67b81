// Files in which each leaf and each comment carries a word of its own (v01, c02; numbers 9101), so that the set of words
// that can be read in an encrypted file says exactly which leaves were left in clear.

export interface Sample {
  readonly format: string
  readonly text: string
}

const yaml = `# c01
# c02 enc-me
plain: v01 # c03
secret_key: v02
enc_unencrypted: v03
map:
  # c04 keep-me
  password: v04
  inner_secret:
    deep: v05 # c05 enc-me
    number: 9101
  data: "v06"
stringData:
  a: v07
  l:
    # c06 keep-me
    - v08
    - v09 # c07
    - name: v10
      password: v11
    - [v12, {secret_key: v13}]
# c08
list_unencrypted:
  - v14
  - k: v15
float: 9102.5
text: |
  v16
  v16
last: v17 # c09 keep-me
# c10
`

const secondDocument = `---
# c11
password: v18
other: v19
`

const json = `{
  "plain": "v01",
  "secret_key": "v02",
  "enc_unencrypted": "v03",
  "map": {"password": "v04", "inner_secret": {"deep": "v05", "number": 9101}, "data": ["v06", {"password": "v07"}]},
  "stringData": {"a": "v08", "l": [["v09"], {"secret_key": "v10"}]},
  "float": 9102.5
}
`

const dotenv = `# c01 enc-me
plain=v01
secret_key=v02
# c02 keep-me
enc_unencrypted=v03
password=v04
data=v05
# c03
`

const ini = `; c01
[plain]
a = v01
; c02 enc-me
password = v02
secret_key = v03

; c03 keep-me
[data]
enc_unencrypted = v04
b = v05
c = v06
`

export const samples: readonly Sample[] = [
  { format: 'yaml', text: yaml },
  { format: 'yaml', text: yaml + secondDocument },
  { format: 'json', text: json },
  { format: 'dotenv', text: dotenv },
  { format: 'ini', text: ini },
]

/** The words that can be read. What looks like one in a ciphertext is chance. */
export function visibleWords(text: string): readonly string[] {
  const readable = text
    .replaceAll(/ENC\[[^\]]*\]/g, '')
    .replaceAll(/-----BEGIN AGE ENCRYPTED FILE-----[\s\S]*?-----END AGE/g, '')
  return [...new Set(readable.match(/\b(?:[vc]\d\d|91\d\d)\b/g) ?? [])].toSorted()
}
