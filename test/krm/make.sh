#!/bin/sh
# How the encrypted files of the golden cases were made: with sops 3.13.3 and OpenSSL, for the public test key of alice.
# Every value holds the word Canary7, which must not stand in any message. Run it in this directory, then rewrite what is
# expected: TSOPS_GOLDEN=write npx vitest run --config test/vitest.config.ts --project unit test/plugin/golden.test.ts
set -eu
alice=age1evk64888femrjdw5md6zmskzw93nay6ypu65unyp89ay6chdq5hq9d3vn6
bob=age1cgr8h8y7jqjhpepuuzz7j09ha9lzw77s3nyxpku3cnght8080ays73fqff
data='^(data|stringData)$'
export SOPS_CONFIG=/dev/null

# seal FILE [FLAG…]: standard input, encrypted
seal() {
  file=$1
  shift
  mkdir -p "$(dirname "$file")"
  sops encrypt --age $alice --filename-override "$file" "$@" >"$file" </dev/stdin
}

secret() {
  printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\nstringData:\n  password: Canary7-%s\n' "$1" "$1"
}

# --- configurations of ksops
d=ksops-files
printf '# a comment\napiVersion: v1\nkind: Secret\nmetadata:\n    name: one\n    annotations:\n        kustomize.config.k8s.io/needs-hash: "true"\n        kustomize.config.k8s.io/behavior: merge\ntype: Opaque\ndata:\n    password: Q2FuYXJ5Nw==\nstringData:\n    # inner\n    "on": "yes"\n    port: "5432"\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: two\ndata:\n    a: Canary7\n    n: "null"\n' | seal $d/secret.enc.yaml --encrypted-regex "$data"
printf '{"apiVersion":"example.com/v1","kind":"Database","metadata":{"name":"three"},"spec":{"replicas":3,"ratio":1.5,"big":9007199254740993,"on":true,"password":"Canary7","list":["Canary7",{"deep":"Canary7"}],"none":null}}' | seal $d/database.enc.json --encrypted-regex '^spec$'
secret whole | seal $d/whole.enc.bin
d=ksops-secret-from
printf 'user: Canary7\nnested:\n    - a\n' | seal $d/config.enc.yaml
printf '\377\376Canary7' | seal $d/blob.enc
printf '# comment\nPLAIN=Canary7\nQUOTED="Canary7 \\n two"\nHASH=Canary7 # comment\nSINGLE='"'"'$PLAIN'"'"'\nEXPANDED=${PLAIN}-x\nexport EXPORTED= Canary7 \nEMPTY=\n' | seal $d/one.enc.env
printf 'PLAIN=Canary7-two\nOTHER=1\n' | seal $d/two.enc.env
# --- goabout.com SopsSecretGenerator
d=goabout
printf 'A="Canary7 # kept"\n  B=x\n' | seal $d/vars.enc.env
printf 'C: Canary7\nD: 12\nE: true\nF: 1.50\n' | seal $d/vars.enc.yaml
printf '{"G":"Canary7"}' | seal $d/vars.enc.json
printf 'Canary7\n' | seal $d/file.txt
# --- ours
d=generator
printf '{"auths":{"r.example.com":{"auth":"Q2FuYXJ5Nw=="}}}' | seal $d/docker.enc.json
printf 'A=Canary7 # all of it\nB="quoted"\n' | seal $d/app.enc.env
printf 'host: Canary7\nport: 5432\ntls: true\n' | seal $d/flat.enc.yaml
printf 'db:\n    main:\n        user: Canary7\n        pass: Canary7\n' | seal $d/deep.enc.yaml
printf '\377Canary7' | seal $d/blob.enc
secret manifest | seal $d/manifest.enc.yaml --encrypted-regex "$data"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=a -keyout /tmp/krm-a.key -out /tmp/krm-a.crt 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=b -keyout /tmp/krm-b.key -out /tmp/krm-b.crt 2>/dev/null
seal $d/tls.key.enc </tmp/krm-a.key
seal $d/tls.crt.enc </tmp/krm-a.crt
d=generator-bad
printf 'A=Canary7\nB=Canary7\n' | seal $d/one.enc.env
printf 'A: Canary7\nnested:\n    a: Canary7\n' | seal $d/two.enc.yaml
printf 'A: Canary7\nbad key: Canary7\n' | seal $d/keys.enc.yaml
seal $d/tls.key.enc </tmp/krm-b.key
seal $d/tls.crt.enc </tmp/krm-a.crt
printf 'NOEQUALS Canary7\n' | seal $d/broken.enc
rm /tmp/krm-[ab].*
# --- SopsSecret
sopsSecret() {
  printf 'apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nmetadata:\n    name: %s\n    namespace: apps\nspec:\n    # first\n    secretTemplates:\n        - name: z-first\n          labels:\n              app: x\n          stringData:\n              z: Canary7\n              a: Canary7\n        - name: second\n          type: kubernetes.io/basic-auth\n          annotations:\n              note: kept\n          data:\n              username: Q2FuYXJ5Nw==\n' "$1"
}
d=sops-secret
sopsSecret bundle | seal $d/bundle.enc.yaml --encrypted-suffix Templates
# --- the transformer
d=transformer
{ printf '# two in one file\n'; secret zoe; printf '  # a comment\n  alpha: Canary7\n  empty: ""\n---\n'; secret amy; } | seal $d/base/two.enc.yaml --encrypted-regex "$data"
printf 'kind: ConfigMap\napiVersion: v1\nmetadata:\n    name: settings\ndata:\n    z: Canary7\n    a: Canary7\n' | seal $d/overlay/settings.enc.yaml --encrypted-regex "$data"
printf 'apiVersion: example.com/v1\nkind: Database\nmetadata:\n    name: db\nspec:\n    users:\n        # who\n        - name: Canary7\n          age: 7\n        - name: Canary7-2\n          age: 8\n    open_unencrypted: clear\n    replicas: 2\n    ratio: 0.5\n    on: true\n' | seal $d/overlay/database.enc.yaml --encrypted-regex '^spec$'
sopsSecret bundle | seal $d/overlay/bundle.enc.yaml --encrypted-suffix Templates
# --- what is refused
d=bad-files
secret good | seal $d/good.enc.yaml --encrypted-regex "$data"
secret good >$d/plain.yaml
: >$d/empty.yaml
sed 's/name: good/name: changed/' $d/good.enc.yaml >$d/changed.yaml
sed 's/\(password: ENC.AES256_GCM,data:\)./\1-/' $d/good.enc.yaml >$d/cut.yaml
sops encrypt --age $bob --encrypted-regex "$data" --filename-override bob.yaml <$d/plain.yaml >$d/bob.yaml
sed '/^    mac:/d' $d/good.enc.yaml >$d/no-mac.yaml
printf 'A=Canary7\n' | seal $d/vars.enc.env
mkdir -p $d/directory outside
printf 'x\n' >$d/directory/keep
cp $d/good.enc.yaml outside/good.enc.yaml
ln -sf ../outside/good.enc.yaml $d/link.yaml
ln -sf loop.yaml $d/loop.yaml
printf 'a: [Canary7\n' >$d/broken.yaml
d=bad-secrets
bad() {
  name=$1
  shift
  { printf 'apiVersion: v1\nkind: Secret\nmetadata:\n    name: %s\n' "$name"; printf "$@"; } | seal $d/$name.yaml --encrypted-regex "$data"
}
bad base64 'data:\n    a: Canary7!\n    b: Q2FuYXJ5Nw==\n'
bad number 'stringData:\n    port: 5432\n    on: true\n    none: null\n    map:\n        a: Canary7\n'
bad key 'stringData:\n    "a b": Canary7\n'
bad tls 'type: kubernetes.io/tls\nstringData:\n    tls.crt: Canary7\n    tls.key: Canary7\n'
bad tls-part 'type: kubernetes.io/tls\nstringData:\n    tls.crt: Canary7\n'
bad docker 'type: kubernetes.io/dockerconfigjson\nstringData:\n    .dockerconfigjson: Canary7\n'
bad basic 'type: kubernetes.io/basic-auth\nstringData:\n    pass: Canary7\n'
bad ssh 'type: kubernetes.io/ssh-auth\nstringData:\n    key: Canary7\n'
bad token 'type: kubernetes.io/service-account-token\nstringData:\n    token: Canary7\n'
bad immutable 'immutable: "yes"\nstringData:\n    token: Canary7\n'
printf 'apiVersion: v1\nkind: Secret\nmetadata:\n    name: labels\n    labels:\n        v: 1\n        w: a b\n    annotations:\n        kubectl.kubernetes.io/last-applied-configuration: "{}"\nstringData:\n    a: Canary7\n' | seal $d/labels.yaml --encrypted-regex "$data"
printf 'apiVersion: v1\nkind: Secret\nstringData:\n    a: Canary7\n' | seal $d/nameless.yaml --encrypted-regex "$data"
printf 'kind: Thing\nmetadata:\n    name: x\nspec:\n    a: Canary7\n' | seal $d/no-version.yaml --encrypted-regex '^spec$'
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: map\ndata:\n    a: 1\nbinaryData:\n    b: Canary7!\n' | seal $d/map.yaml --encrypted-regex '^(data|binaryData)$'
printf '\377Canary7' | seal $d/blob.enc
