// auth.ts of an app with Auth.js 5: npm install next-auth@beta, and the settings above in .env.local.
// In app/api/auth/[...nextauth]/route.ts: import { handlers } from "@/auth"; export const { GET, POST } = handlers
import NextAuth from "next-auth"

export const { handlers, auth, signIn, signOut } = NextAuth({
  providers: [
    {
      id: "PROVIDER",
      name: "Mana",
      type: "oidc",
      issuer: process.env.ISSUER,
      clientId: process.env.CLIENT_ID,
      clientSecret: process.env.CLIENT_SECRET,
      authorization: { params: { scope: process.env.SCOPE } },
      checks: ["pkce", "state", "nonce"],
      idToken: false, // name and e-mail address are at the userinfo endpoint, not in the ID token
    },
  ],
})
