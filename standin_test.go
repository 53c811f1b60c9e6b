package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-mock/embedded"
	mock "github.com/stripe/stripe-mock/server"
	"github.com/stripe/stripe-mock/spec"

	"mana/ledger/stripe"
)

const (
	stripeKey    = "sk_test_0123456789abcdef0123456789"
	stripeSecret = "whsec_0123456789abcdef0123456789abcdef"
	stripeOld    = "whsec_fedcba9876543210fedcba9876543210"
	stripeHook   = "/api/v1/webhooks/stripe"
)

// stripeSpec is Stripe's own description of its API, with an example of each object.
var stripeSpec = sync.OnceValues(func() (*spec.Spec, *spec.Fixtures) {
	described, err := mock.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		panic(err)
	}
	fixtures, err := mock.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		panic(err)
	}
	return described, fixtures
})

// stripeMock is Stripe's own mock: it holds each call against the description, and keeps nothing.
func stripeMock(t *testing.T) *httptest.Server {
	t.Helper()
	described, fixtures := stripeSpec()
	stub, err := mock.NewStubServer(fixtures, described, false, false)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(stub.HandleRequest))
	t.Cleanup(server.Close)
	return server
}

// object is one of Stripe's.
type object map[string]any

// standIn is a small Stripe that remembers. Every object that it answers is held against Stripe's description.
type standIn struct {
	t      *testing.T
	server *httptest.Server

	mu      sync.Mutex
	hook    string // where events go; empty: they are lost
	objects map[string]object
	order   []string
	answers map[string]object // by key of the call
	charged map[string]int    // calls that made something, by path
	broken  bool              // refuses every call

	validators map[string]interface{ Validate(any) error } // by kind
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{
		t: t, objects: map[string]object{}, answers: map[string]object{}, charged: map[string]int{},
		validators: map[string]interface{ Validate(any) error }{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/{kind...}", s.post)
	mux.HandleFunc("GET /v1/{kind...}", s.get)
	mux.HandleFunc("GET /pay/{id}", s.page)
	mux.HandleFunc("POST /pay/{id}", s.pressed)
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	return s
}

// env are the settings of a program that is paid here.
func (s *standIn) env() []string {
	return []string{"STRIPE_SECRET_KEY=" + stripeKey, "STRIPE_WEBHOOK_SECRET=" + stripeSecret + "," + stripeOld, "STRIPE_API_URL=" + s.server.URL}
}

// tell sends events to a program from now on; nil loses them.
func (s *standIn) tell(to *server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hook = ""; to != nil {
		s.hook = to.issuer + stripeHook
	}
}

// kindsOf are the kinds of objects by their path, with the beginning of their ids.
var kindsOf = map[string][2]string{
	"customers": {"customer", "cus"}, "checkout/sessions": {"checkout.session", "cs"}, "payment_intents": {"payment_intent", "pi"},
	"refunds": {"refund", "re"}, "disputes": {"dispute", "dp"}, "balance_transactions": {"balance_transaction", "txn"},
	"webhook_endpoints": {"webhook_endpoint", "we"},
}

// make makes an object from Stripe's example.
func (s *standIn) make(kind, prefix string, fields object) object {
	_, fixtures := stripeSpec()
	example, ok := fixtures.Resources[spec.ResourceID(kind)].(map[string]any)
	if !ok {
		s.t.Errorf("there is no example of a %s", kind)
	}
	made := object(maps.Clone(example))
	maps.Copy(made, fields)
	id := fmt.Sprintf("%s_test_%d", prefix, len(s.objects)+1)
	made["id"], made["livemode"], made["created"] = id, false, time.Now().Unix()
	s.objects[id] = made
	s.order = append(s.order, id)
	return made
}

// validator holds objects of a kind against Stripe's description. To make one takes long.
func (s *standIn) validator(kind string) interface{ Validate(any) error } {
	if s.validators[kind] == nil {
		described, _ := stripeSpec()
		made, err := spec.GetValidatorForOpenAPI3Schema(described.Components.Schemas[kind], spec.GetComponentsForValidation(&described.Components))
		if err != nil {
			s.t.Fatalf("reading the description of %s: %v", kind, err)
		}
		s.validators[kind] = made
	}
	return s.validators[kind]
}

// checked holds an object against Stripe's description.
func (s *standIn) checked(o object) object {
	kind := o["object"].(string)
	var plain any
	encoded, _ := json.Marshal(o)
	_ = json.Unmarshal(encoded, &plain)
	if err := s.validator(kind).Validate(plain); err != nil {
		s.t.Errorf("a %s is not as Stripe describes it: %v", kind, err)
	}
	return o
}

func (s *standIn) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (s *standIn) refuse(w http.ResponseWriter, status int, code string) {
	s.refuseFor(w, status, code, "")
}

// refuseFor names the parameter that is wrong.
func (s *standIn) refuseFor(w http.ResponseWriter, status int, code, param string) {
	s.answer(w, status, object{"error": object{"type": "invalid_request_error", "code": code, "message": code, "param": param}})
}

// post makes and changes objects.
func (s *standIn) post(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = r.ParseForm()
	path, key := r.PathValue("kind"), r.Header.Get("Idempotency-Key")
	if s.broken {
		s.refuse(w, http.StatusServiceUnavailable, "api_error")
		return
	}
	if known := s.answers[path+" "+key]; key != "" && known != nil {
		s.answer(w, http.StatusOK, known)
		return
	}
	if customer := r.PostForm.Get("customer"); customer != "" && (s.objects[customer] == nil || s.objects[customer]["deleted"] != nil) {
		s.refuseFor(w, http.StatusBadRequest, "resource_missing", "customer")
		return
	}
	var made object
	switch kind := kindsOf[path]; {
	case path == "customers":
		made = s.make(kind[0], kind[1], object{"metadata": metaOf(r.PostForm, "metadata")})
	case path == "checkout/sessions":
		made = s.make(kind[0], kind[1], object{
			"status": "open", "payment_status": "unpaid", "payment_intent": nil, "currency": r.PostForm.Get("line_items[0][price_data][currency]"),
			"amount_total": cents(r.PostForm, "line_items[0][price_data][unit_amount]"), "customer": optionalText(r.PostForm.Get("customer")),
			"metadata": metaOf(r.PostForm, "metadata"), "success_url": r.PostForm.Get("success_url"), "cancel_url": r.PostForm.Get("cancel_url"),
		})
		made["url"] = s.server.URL + "/pay/" + made["id"].(string)
	case path == "payment_intents":
		made = s.make(kind[0], kind[1], object{
			"amount": cents(r.PostForm, "amount"), "amount_received": 0, "currency": r.PostForm.Get("currency"), "status": "requires_payment_method",
			"customer": optionalText(r.PostForm.Get("customer")), "metadata": metaOf(r.PostForm, "metadata"),
		})
		made["client_secret"] = made["id"].(string) + "_secret_x"
	case path == "refunds":
		if made = s.refund(r.PostForm.Get("payment_intent"), cents(r.PostForm, "amount"), metaOf(r.PostForm, "metadata")); made == nil {
			s.refuse(w, http.StatusBadRequest, "charge_already_refunded")
			return
		}
	case strings.HasSuffix(path, "/expire"):
		made = s.objects[strings.TrimSuffix(strings.TrimPrefix(path, "checkout/sessions/"), "/expire")]
		if made == nil || made["status"] != "open" {
			s.refuse(w, http.StatusBadRequest, "resource_missing")
			return
		}
		made["status"], made["url"] = "expired", nil
	default:
		s.refuse(w, http.StatusNotFound, "resource_missing")
		return
	}
	s.charged[path]++
	if key != "" {
		s.answers[path+" "+key] = made
	}
	s.answer(w, http.StatusOK, s.checked(made))
}

// optionalText is null for an empty text.
func optionalText(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func cents(form url.Values, name string) int64 {
	n, _ := strconv.ParseInt(form.Get(name), 10, 64)
	return n
}

func metaOf(form url.Values, name string) object {
	found := object{}
	for field := range form {
		if inner, ok := strings.CutPrefix(field, name+"["); ok {
			found[strings.TrimSuffix(inner, "]")] = form.Get(field)
		}
	}
	return found
}

// get answers one object, or a list, newest first.
func (s *standIn) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := r.PathValue("kind")
	if s.broken {
		s.refuse(w, http.StatusServiceUnavailable, "api_error")
		return
	}
	kind, listed := kindsOf[path]
	if !listed {
		found := s.expanded(s.objects[path[strings.LastIndexByte(path, '/')+1:]], r.URL.Query(), "")
		if found == nil {
			s.refuse(w, http.StatusNotFound, "resource_missing")
			return
		}
		s.answer(w, http.StatusOK, s.checked(found))
		return
	}
	data := []object{}
	intent, since := r.URL.Query().Get("payment_intent"), cents(r.URL.Query(), "created[gte]")
	for _, id := range slices.Backward(s.order) {
		if o := s.objects[id]; o["object"] == kind[0] && (intent == "" || o["payment_intent"] == intent) && o["created"].(int64) >= since {
			data = append(data, s.checked(s.expanded(o, r.URL.Query(), "data.")))
		}
	}
	s.answer(w, http.StatusOK, object{"object": "list", "data": data, "has_more": false, "url": "/v1/" + path})
}

// expanded puts the objects into another that a call asks for.
func (s *standIn) expanded(o object, query url.Values, in string) object {
	for i := range 3 {
		name, asked := strings.CutPrefix(query.Get(fmt.Sprintf("expand[%d]", i)), in)
		if id, ok := o[name].(string); asked && ok && s.objects[id] != nil {
			o = maps.Clone(o)
			o[name] = s.objects[id]
		}
	}
	return o
}

// move moves our balance by what is paid, refunded or disputed.
func (s *standIn) move(source object, amount int64) object {
	kind := map[any]string{"charge": "charge", "refund": "refund", "dispute": "adjustment"}[source["object"]]
	return s.make("balance_transaction", "txn", object{
		"amount": amount, "net": amount, "fee": int64(0), "fee_details": []object{}, "currency": "eur", "type": kind, "source": source["id"],
	})
}

// charge is the payment of an intent.
func (s *standIn) charge(intent object) {
	made := s.make("charge", "ch", object{
		"amount": intent["amount"], "currency": intent["currency"], "payment_intent": intent["id"], "metadata": intent["metadata"],
		"status": "succeeded", "paid": true,
	})
	made["balance_transaction"], intent["latest_charge"] = s.move(made, intent["amount"].(int64))["id"], made["id"]
}

// page stands in for the payment page.
func (s *standIn) page(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.objects[r.PathValue("id")]
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><title>Pay</title><form method="post"><button name="act" value="pay" id="stand-in-pay">Pay %v</button></form>
		<a id="stand-in-back" href="%s">Back</a>`, session["amount_total"], session["cancel_url"])
}

// pressed pays.
func (s *standIn) pressed(w http.ResponseWriter, r *http.Request) {
	session := s.pay(r.PathValue("id"))
	http.Redirect(w, r, session["success_url"].(string), http.StatusSeeOther)
}

// pay pays a payment page, and tells so.
func (s *standIn) pay(id string) object {
	s.mu.Lock()
	session := s.objects[id]
	intent := s.make("payment_intent", "pi", object{
		"amount": session["amount_total"], "amount_received": session["amount_total"], "currency": session["currency"],
		"status": "succeeded", "customer": session["customer"], "metadata": session["metadata"],
	})
	s.charge(intent)
	session["status"], session["payment_status"], session["payment_intent"] = "complete", "paid", intent["id"]
	s.mu.Unlock()
	s.event("payment_intent.succeeded", intent)
	s.event("checkout.session.completed", session)
	return session
}

// refund gives money back, unless there is none.
func (s *standIn) refund(intent string, amount int64, metadata object) object {
	paid := s.objects[intent]
	if paid == nil {
		return nil
	}
	before, _ := paid["refunded"].(int64)
	if total, _ := paid["amount_received"].(int64); before+amount > total {
		return nil
	}
	made := s.make("refund", "re", object{
		"amount": amount, "currency": paid["currency"], "payment_intent": intent, "status": "succeeded", "metadata": metadata,
	})
	delete(made, "livemode") // a refund has none
	s.move(made, -amount)
	paid["refunded"] = before + amount
	return made
}

// event sends an event about an object, as Stripe does, and gives its body.
func (s *standIn) event(kind string, about object) []byte {
	s.mu.Lock()
	hook := s.hook
	body, _ := json.Marshal(object{
		"id": fmt.Sprintf("evt_test_%s_%v", strings.ReplaceAll(kind, ".", "_"), about["id"]), "object": "event", "type": kind,
		"api_version": "2023-10-16", "created": time.Now().Unix(), "livemode": false, "data": object{"object": about},
	})
	s.mu.Unlock()
	if hook != "" {
		if status, text := postEvent(s.t, hook, body, stripe.Sign(body, stripeSecret, time.Now())); status != http.StatusOK {
			s.t.Errorf("%s: got %d %s", kind, status, text)
		}
	}
	return body
}

func postEvent(t *testing.T, hook string, body []byte, signature string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, hook, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if signature != "" {
		request.Header.Set("Stripe-Signature", signature)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer response.Body.Close()
	var text bytes.Buffer
	_, _ = text.ReadFrom(response.Body)
	return response.StatusCode, text.String()
}
