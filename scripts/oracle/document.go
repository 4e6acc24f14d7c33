package main

// Document is links.json: the truth about one cluster.
type Document struct {
	At    string `json:"at"`
	Links []Link `json:"links"`
}

// Material is a file, inline data, or neither when it is not in this tree.
type Material struct {
	Path   string  `json:"path"`
	File   string  `json:"file"`
	Base64 *string `json:"base64"`
}

// Client is the side that dials.
type Client struct {
	Loader          string    `json:"loader"`
	Plain           bool      `json:"plain"`
	Trust           string    `json:"trust"`
	Cert            *Material `json:"cert"`
	Key             *Material `json:"key"`
	CA              *Material `json:"ca"`
	Conf            string    `json:"conf"`
	User            string    `json:"user"`
	Insecure        bool      `json:"insecure"`
	AllowedCN       []string  `json:"allowed_cn"`
	AllowedHostname []string  `json:"allowed_hostname"`
}

// Server is the side that answers.
type Server struct {
	Known              bool      `json:"known"`
	Loader             string    `json:"loader"`
	Plain              bool      `json:"plain"`
	Cert               *Material `json:"cert"`
	Key                *Material `json:"key"`
	Policy             string    `json:"policy"`
	CA                 *Material `json:"ca"`
	AllowedCN          []string  `json:"allowed_cn"`
	AllowedHostname    []string  `json:"allowed_hostname"`
	RequestheaderNames []string  `json:"requestheader_names"`
}

// Tokens are the signers and verifiers of service-account tokens.
type Tokens struct {
	Signers   []Material `json:"signers"`
	Verifiers []Material `json:"verifiers"`
}

// Link is one component proving itself to another.
type Link struct {
	Node    int     `json:"node"`
	ID      string  `json:"id"`
	Name    *string `json:"name"`
	Client  Client  `json:"client"`
	Server  Server  `json:"server"`
	Address *string `json:"address"`
	Tokens  *Tokens `json:"tokens"`
}

// Answer is what Go said.
type Answer struct {
	Node        int     `json:"node"`
	ID          string  `json:"id"`
	Name        *string `json:"name"`
	Verdict     string  `json:"verdict"`
	RefusedBy   *string `json:"refused_by"`
	LoadSide    *string `json:"load_side"`
	Stage       *string `json:"stage"`
	ClientError *string `json:"client_error"`
	ServerError *string `json:"server_error"`
}

func text(words string) *string { return &words }

func errorText(err error) *string {
	if err == nil {
		return nil
	}
	return text(err.Error())
}

func refused(by, stage string, client, server *string) Answer {
	return Answer{Verdict: "broken", RefusedBy: &by, Stage: &stage, ClientError: client, ServerError: server}
}

func notLoaded(side string, client, server *string) Answer {
	answer := refused("load", "load", client, server)
	answer.LoadSide = &side
	return answer
}
