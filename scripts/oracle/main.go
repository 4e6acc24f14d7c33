// Command oracle asks real Go what happens on every link of a cluster: it loads each file as the component does,
// performs the TLS handshake and writes down who refused whom, in which words.
//
//	oracle links NAME DIR...   reads DIR/*/links.json, writes DIR/*/NAME
//	oracle verify              judges single chains: JSON lines in, JSON lines out
//
// Standard library only. The judged behaviour is that of the Go that builds it, with the defaults of its go.mod.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) == 1 && args[0] == "verify" {
		return verifyLines(os.Stdin, os.Stdout)
	}
	if len(args) < 3 || args[0] != "links" {
		return fmt.Errorf("usage: oracle links NAME DIR... | oracle verify")
	}
	var documents []string
	for _, dir := range args[2:] {
		found, err := filepath.Glob(filepath.Join(dir, "*", "links.json"))
		if err != nil {
			return err
		}
		documents = append(documents, found...)
	}
	return judgeAll(documents, args[1])
}

func judgeAll(documents []string, name string) error {
	work := make(chan string)
	failures := make(chan error, len(documents))
	var workers sync.WaitGroup
	for i := 0; i < runtime.NumCPU(); i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for document := range work {
				if err := judgeCluster(document, name); err != nil {
					failures <- fmt.Errorf("%s: %w", document, err)
				}
			}
		}()
	}
	for _, document := range documents {
		work <- document
	}
	close(work)
	workers.Wait()
	close(failures)
	return <-failures
}

func judgeCluster(path, name string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var document Document
	if err := json.Unmarshal(text, &document); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, document.At)
	if err != nil {
		return err
	}
	directory := filepath.Dir(path)
	answers := make([]Answer, 0, len(document.Links))
	for _, link := range document.Links {
		answer := judge(directory, at, link)
		answer.Node, answer.ID, answer.Name = link.Node, link.ID, link.Name
		answers = append(answers, answer)
	}
	out, err := json.MarshalIndent(answers, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, name), out, 0o644)
}
