// What sops' own stores make of a text or a tree: the source of test/vectors/stores-*.json.
//
// Run in a module of its own, outside this repository:
//
//	go mod init oracle && go get github.com/getsops/sops/v3@v3.13.3 && go build -o oracle main.go
//	./oracle test/vectors/stores-*.json    answers the requests in the files anew
//
// Without a file it reads requests, one JSON object per line, and answers each with one line:
//
//	{"store":"ini","op":"plain","text":"base64"}       LoadPlainFile, then EmitPlainFile of what was loaded
//	{"store":"ini","op":"encrypted","text":"base64"}   LoadEncryptedFile: the tree, the MAC and the first age recipient
//	{"store":"ini","op":"emit","tree":[...]}           EmitPlainFile
//	{"store":"ini","op":"emitEncrypted","tree":[...]}  EmitEncryptedFile with fixed metadata
//	{"store":"ini","op":"value","tree":[...]}          EmitValue of the first value of the first document
//
// A value is one of {"s":base64} {"i":"1"} {"f":"1.5"} {"b":true} {"n":true} {"t":"RFC 3339"} {"c":base64} (a comment)
// {"l":[value...]} {"m":[[base64 key, value] or [null, comment]...]}; a tree is a list of maps.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/stores/dotenv"
	"github.com/getsops/sops/v3/stores/ini"
	sopsjson "github.com/getsops/sops/v3/stores/json"
)

type store interface {
	LoadPlainFile([]byte) (sops.TreeBranches, error)
	LoadEncryptedFile([]byte) (sops.Tree, error)
	EmitPlainFile(sops.TreeBranches) ([]byte, error)
	EmitEncryptedFile(sops.Tree) ([]byte, error)
	EmitValue(interface{}) ([]byte, error)
}

type request struct {
	Store, Op, Text string
	Indent          int
	Tree            []map[string]interface{}
}

// One line of a vector file. Stricter says why we refuse what sops takes.
type vector struct {
	Store    string                   `json:"store"`
	Op       string                   `json:"op"`
	Text     string                   `json:"text,omitempty"`
	Indent   *int                     `json:"indent,omitempty"`
	Tree     []map[string]interface{} `json:"tree,omitempty"`
	Stricter string                   `json:"stricter,omitempty"`
	Answer   answer                   `json:"answer"`
}

type answer struct {
	Error string        `json:"error,omitempty"`
	Tree  []interface{} `json:"tree,omitempty"`
	Mac   string        `json:"mac,omitempty"`
	Age   string        `json:"age,omitempty"`
	Emit  *string       `json:"emit,omitempty"`
	// Why the emission failed.
	EmitError string `json:"emitError,omitempty"`
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func unb64(s interface{}) string {
	b, err := base64.StdEncoding.DecodeString(s.(string))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func dump(v interface{}) interface{} {
	switch v := v.(type) {
	case nil:
		return map[string]interface{}{"n": true}
	case string:
		return map[string]interface{}{"s": b64(v)}
	case int:
		return map[string]interface{}{"i": strconv.Itoa(v)}
	case float64:
		return map[string]interface{}{"f": strconv.FormatFloat(v, 'g', -1, 64)}
	case bool:
		return map[string]interface{}{"b": v}
	case time.Time:
		return map[string]interface{}{"t": v.Format(time.RFC3339Nano)}
	case sops.Comment:
		return map[string]interface{}{"c": b64(v.Value)}
	case []interface{}:
		out := []interface{}{}
		for _, x := range v {
			out = append(out, dump(x))
		}
		return map[string]interface{}{"l": out}
	case sops.TreeBranch:
		out := []interface{}{}
		for _, item := range v {
			if c, ok := item.Key.(sops.Comment); ok {
				out = append(out, []interface{}{nil, dump(c)})
			} else {
				out = append(out, []interface{}{b64(item.Key.(string)), dump(item.Value)})
			}
		}
		return map[string]interface{}{"m": out}
	}
	panic(fmt.Sprintf("%T", v))
}

func load(m map[string]interface{}) interface{} {
	for kind, v := range m {
		switch kind {
		case "n":
			return nil
		case "s":
			return unb64(v)
		case "i":
			n, _ := strconv.Atoi(v.(string))
			return n
		case "f":
			n, _ := strconv.ParseFloat(v.(string), 64)
			return n
		case "b":
			return v.(bool)
		case "t":
			t, _ := time.Parse(time.RFC3339Nano, v.(string))
			return t
		case "c":
			return sops.Comment{Value: unb64(v)}
		case "l":
			out := []interface{}{}
			for _, x := range v.([]interface{}) {
				out = append(out, load(x.(map[string]interface{})))
			}
			return out
		case "m":
			var out sops.TreeBranch
			for _, x := range v.([]interface{}) {
				pair := x.([]interface{})
				value := load(pair[1].(map[string]interface{}))
				if pair[0] == nil {
					out = append(out, sops.TreeItem{Key: value})
				} else {
					out = append(out, sops.TreeItem{Key: unb64(pair[0]), Value: value})
				}
			}
			return out
		}
	}
	panic("no value")
}

func dumpAll(branches sops.TreeBranches) []interface{} {
	out := []interface{}{}
	for _, b := range branches {
		out = append(out, dump(b))
	}
	return out
}

func loadAll(tree []map[string]interface{}) sops.TreeBranches {
	var out sops.TreeBranches
	for _, b := range tree {
		out = append(out, load(b).(sops.TreeBranch))
	}
	return out
}

func pick(r request) store {
	switch r.Store {
	case "json":
		return sopsjson.NewStore(&config.JSONStoreConfig{Indent: r.Indent})
	case "binary":
		return sopsjson.NewBinaryStore(&config.JSONBinaryStoreConfig{Indent: r.Indent})
	case "dotenv":
		return dotenv.NewStore(&config.DotenvStoreConfig{})
	}
	return ini.NewStore(&config.INIStoreConfig{})
}

var metadata = sops.Metadata{
	LastModified:              time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC),
	Version:                   "3.13.3",
	MessageAuthenticationCode: "ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]",
	UnencryptedSuffix:         "_unencrypted",
	KeyGroups: []sops.KeyGroup{{
		&age.MasterKey{Recipient: "age1first", EncryptedKey: "-----BEGIN-----\nYWJj\n-----END-----\n"},
		&age.MasterKey{Recipient: "age1second", EncryptedKey: "x"},
	}},
}

func emit(a *answer, f func() ([]byte, error)) {
	defer func() {
		if p := recover(); p != nil {
			a.EmitError = fmt.Sprint("panic: ", p)
		}
	}()
	out, err := f()
	if err != nil {
		a.EmitError = err.Error()
		return
	}
	text := b64(string(out))
	a.Emit = &text
}

func run(r request) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{Error: fmt.Sprint("panic: ", p)}
		}
	}()
	s := pick(r)
	switch r.Op {
	case "plain":
		branches, err := s.LoadPlainFile([]byte(unb64(r.Text)))
		if err != nil {
			return answer{Error: err.Error()}
		}
		a.Tree = dumpAll(branches)
		emit(&a, func() ([]byte, error) { return s.EmitPlainFile(branches) })
	case "encrypted":
		tree, err := s.LoadEncryptedFile([]byte(unb64(r.Text)))
		if err != nil {
			return answer{Error: err.Error()}
		}
		a.Tree = dumpAll(tree.Branches)
		a.Mac = tree.Metadata.MessageAuthenticationCode
		for _, group := range tree.Metadata.KeyGroups {
			for _, key := range group {
				if a.Age == "" {
					a.Age = key.ToString()
				}
			}
		}
		emit(&a, func() ([]byte, error) { return s.EmitPlainFile(tree.Branches) })
	case "emit":
		emit(&a, func() ([]byte, error) { return s.EmitPlainFile(loadAll(r.Tree)) })
	case "emitEncrypted":
		emit(&a, func() ([]byte, error) {
			return s.EmitEncryptedFile(sops.Tree{Branches: loadAll(r.Tree), Metadata: metadata})
		})
	case "value":
		emit(&a, func() ([]byte, error) { return s.EmitValue(loadAll(r.Tree)[0][0].Value) })
	}
	return a
}

func answerFile(path string) {
	content, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	var vectors []vector
	if err := json.Unmarshal(content, &vectors); err != nil {
		panic(err)
	}
	lines := make([]string, len(vectors))
	for i, v := range vectors {
		r := request{Store: v.Store, Op: v.Op, Text: v.Text, Indent: -1, Tree: v.Tree}
		if v.Indent != nil {
			r.Indent = *v.Indent
		}
		v.Answer = run(r)
		line, _ := json.Marshal(v)
		lines[i] = string(line)
	}
	if err := os.WriteFile(path, []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0o644); err != nil {
		panic(err)
	}
}

func main() {
	if len(os.Args) > 1 {
		for _, path := range os.Args[1:] {
			answerFile(path)
		}
		return
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			r := request{Indent: -1}
			if e := json.Unmarshal(line, &r); e != nil {
				panic(e)
			}
			j, _ := json.Marshal(run(r))
			out.Write(j)
			out.WriteByte('\n')
		}
		if err != nil {
			return
		}
	}
}
