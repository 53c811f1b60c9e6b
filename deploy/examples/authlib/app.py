"""A Flask app that logs people in with Authlib, and refreshes its tokens.

Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI (on loopback), SCOPE.
"""

import os
import secrets
from urllib.parse import urlsplit

from authlib.integrations.flask_client import OAuth
from flask import Flask, session

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
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


@app.get(urlsplit(os.environ["REDIRECT_URI"]).path)
def callback():
    # Checks state, and the ID token's signature, issuer, audience, nonce and times.
    token = oauth.mana.authorize_access_token()
    session["sub"] = token["userinfo"]["sub"]
    tokens[session["sub"]] = token
    return dict(token["userinfo"])


@app.get("/userinfo")
def userinfo():
    """Authlib refreshes by itself what has expired, as this token is said to have."""
    old = tokens[session["sub"]]
    claims = oauth.mana.userinfo(token=old | {"expires_at": 1})
    return {"claims": claims, "refreshed": tokens[session["sub"]]["access_token"] != old["access_token"]}


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=urlsplit(os.environ["REDIRECT_URI"]).port)
