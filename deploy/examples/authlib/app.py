"""A Flask app that logs people in with Authlib, and refreshes its tokens.

Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI (on loopback), SCOPE.
"""

import os
import secrets
from urllib.parse import urlencode, urljoin, urlsplit

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session

callback_at = urlsplit(os.environ["REDIRECT_URI"])
app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
app.config.update(SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=callback_at.scheme == "https")
tokens = {}  # by subject; a real app keeps them in its database


def save(token, **_):
    """Authlib calls this whenever it has refreshed a token."""
    tokens[session["sub"]] = tokens[session["sub"]] | token


oauth = OAuth(app)
oauth.register(
    "mana",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    update_token=save,
    client_kwargs={
        "scope": os.environ.get("SCOPE", "openid profile email"),
        "code_challenge_method": "S256",
    },
)


@app.get("/login")
def login():
    return oauth.mana.authorize_redirect(os.environ["REDIRECT_URI"])


@app.get(callback_at.path)
def callback():
    # Checks state, and the ID token's signature, issuer, audience, nonce and times.
    token = oauth.mana.authorize_access_token()
    session.clear()
    session["sub"] = token["userinfo"]["sub"]
    tokens[session["sub"]] = token
    return dict(token["userinfo"])


@app.get("/userinfo")
def userinfo():
    """Authlib refreshes by itself what has expired, as this token is said to have."""
    if session.get("sub") not in tokens:
        return redirect("/login")
    old = tokens[session["sub"]]
    claims = oauth.mana.userinfo(token=old | {"expires_at": 1})
    return {"claims": claims, "refreshed": tokens[session["sub"]]["access_token"] != old["access_token"]}


@app.get("/logout")
def logout():
    """Ends the session here, and the one at the provider."""
    token = tokens.pop(session.get("sub"), {})
    session.clear()
    hint = {"id_token_hint": token["id_token"]} if "id_token" in token else {}
    back = urljoin(os.environ["REDIRECT_URI"], "/")
    end = oauth.mana.load_server_metadata()["end_session_endpoint"]
    return redirect(end + "?" + urlencode(hint | {"post_logout_redirect_uri": back}))


@app.get("/")
def home():
    return {"signIn": "/login"}


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=callback_at.port)
