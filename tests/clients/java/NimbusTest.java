// Nimbus' OpenID Connect SDK, the client of the Java world, with ID Tokens that come by way of the browser.

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientAuthenticationMethod;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.JWTAuthenticationClaimsSet;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.id.Audience;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.oauth2.sdk.util.JSONObjectUtils;
import com.nimbusds.oauth2.sdk.util.URLUtils;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.AuthenticationResponse;
import com.nimbusds.openid.connect.sdk.AuthenticationResponseParser;
import com.nimbusds.openid.connect.sdk.AuthenticationSuccessResponse;
import com.nimbusds.openid.connect.sdk.LogoutRequest;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponse;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.Prompt;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.UserInfoSuccessResponse;
import com.nimbusds.openid.connect.sdk.claims.IDTokenClaimsSet;
import com.nimbusds.openid.connect.sdk.claims.UserInfo;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformation;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformationResponse;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationRequest;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationResponseParser;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import com.nimbusds.openid.connect.sdk.validators.AccessTokenValidator;
import com.nimbusds.openid.connect.sdk.validators.AuthorizationCodeValidator;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class NimbusTest {
    // Nobody listens there: the browser stops where it would go to them.
    static final URI CALLBACK = URI.create("http://127.0.0.1:9/callback");
    static final URI GOODBYE = URI.create("http://127.0.0.1:9/goodbye");

    static OIDCProviderMetadata server;
    static OIDCClientInformation app;

    final String browser = UUID.randomUUID().toString();

    @BeforeAll
    static void registers() throws Exception {
        server = OIDCProviderMetadata.resolve(new Issuer(System.getenv("GRANTRY_ISSUER")));
        var flags = Map.of(
                "name", List.of("Photo printer"),
                "type", List.of("web"),
                "grant", List.of("authorization_code", "refresh_token", "implicit"),
                "redirect-uri", List.of(CALLBACK.toString()),
                "post-logout-redirect-uri", List.of(GOODBYE.toString()));
        app = OIDCClientInformation.parse(JSONObjectUtils.parse(hand("/app", flags)));
    }

    @Test
    void theBrowserBringsACodeAndAnIdTokenThatFitsIt() throws Exception {
        var login = new Login("code id_token");
        var claims = login.check(login.answer.getIDToken());
        AuthorizationCodeValidator.validate(login.answer.getAuthorizationCode(), JWSAlgorithm.RS256, claims.getCodeHash());
        var tokens = login.redeem();
        var second = login.check(tokens.getIDToken());
        AccessTokenValidator.validate(tokens.getAccessToken(), JWSAlgorithm.RS256, second.getAccessTokenHash());
        assertEquals(claims.getSubject(), second.getSubject());
    }

    @Test
    void theBrowserBringsAnAccessTokenToo() throws Exception {
        var login = new Login("code id_token token");
        var claims = login.check(login.answer.getIDToken());
        AuthorizationCodeValidator.validate(login.answer.getAuthorizationCode(), JWSAlgorithm.RS256, claims.getCodeHash());
        AccessTokenValidator.validate(login.answer.getAccessToken(), JWSAlgorithm.RS256, claims.getAccessTokenHash());
        assertEquals(claims.getSubject(), userInfo(login.answer.getAccessToken()).getSubject());
    }

    @Test
    void userInfoTellsOfThePerson() throws Exception {
        var login = new Login("code id_token");
        var tokens = login.redeem();
        var person = userInfo(tokens.getAccessToken());
        assertEquals(login.check(tokens.getIDToken()).getSubject(), person.getSubject());
        assertEquals("Bob Baker", person.getName());
        assertEquals("bob@example.com", person.getEmailAddress());
    }

    @Test
    void aRefreshBringsAnotherIdTokenAboutTheSameLogin() throws Exception {
        var login = new Login("code id_token");
        var tokens = login.redeem();
        var next = tokens(new RefreshTokenGrant(tokens.getRefreshToken()), secret());
        assertNotEquals(tokens.getAccessToken(), next.getAccessToken());
        var before = login.check(tokens.getIDToken());
        // OpenID Connect Core §12.2: the nonce need not be there again.
        var after = validator(app).validate(next.getIDToken(), null);
        assertEquals(before.getSubject(), after.getSubject());
        assertEquals(before.getAuthenticationTime(), after.getAuthenticationTime());
        assertEquals(before.getSubject(), userInfo(next.getAccessToken()).getSubject());
    }

    @Test
    void afterTheLogoutNobodyIsSignedIn() throws Exception {
        var login = new Login("code id_token");
        var tokens = login.redeem();
        var state = new State("so long");
        var request = new LogoutRequest(server.getEndSessionEndpointURI(), tokens.getIDToken(), GOODBYE, state);
        assertEquals(GOODBYE + "?state=so+long", bob(request.toURI(), GOODBYE).toString());
        var answer = login.ask(login.request().prompt(new Prompt(Prompt.Type.NONE)).build());
        assertEquals("login_required", answer.toErrorResponse().getErrorObject().getCode());
        var refused = send(new RefreshTokenGrant(tokens.getRefreshToken()), secret());
        assertEquals("invalid_grant", refused.toErrorResponse().getErrorObject().getCode());
    }

    @Test
    void aKeyInsteadOfASecretAndASignedUserInfo() throws Exception {
        var key = new ECKeyGenerator(Curve.P_256).keyID("its own").keyUse(KeyUse.SIGNATURE).generate();
        var asked = new OIDCClientMetadata();
        asked.setRedirectionURI(CALLBACK);
        asked.setTokenEndpointAuthMethod(ClientAuthenticationMethod.PRIVATE_KEY_JWT);
        asked.setJWKSet(new JWKSet(key.toPublicJWK()));
        asked.setIDTokenJWSAlg(JWSAlgorithm.ES256);
        asked.setUserInfoJWSAlg(JWSAlgorithm.PS256);
        var request = new OIDCClientRegistrationRequest(server.getRegistrationEndpointURI(), asked, null);
        var response = OIDCClientRegistrationResponseParser.parse(request.toHTTPRequest().send());
        var itself = ((OIDCClientInformationResponse) response.toSuccessResponse()).getOIDCClientInformation();

        var claims = new JWTAuthenticationClaimsSet(itself.getID(), new Audience(server.getIssuer()));
        var proof = new PrivateKeyJWT(claims, JWSAlgorithm.ES256, key.toPrivateKey(), key.getKeyID(), null);
        var login = new Login("code", itself);
        var tokens = tokens(login.grant(), proof);
        var person = login.check(tokens.getIDToken());

        var signed = askUserInfo(tokens.getAccessToken()).getUserInfoJWT();
        // The library checks signed UserInfo as it checks ID Tokens, but for the times that are not there.
        var processor = new DefaultJWTProcessor<SecurityContext>();
        var keys = JWKSourceBuilder.create(server.getJWKSetURI().toURL()).build();
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.PS256, keys));
        var told = processor.process(signed, null);
        assertEquals(person.getSubject().getValue(), told.getSubject());
        assertEquals(List.of(itself.getID().getValue()), told.getAudience());
        assertEquals("bob@example.com", told.getStringClaim("email"));
    }

    /** Bob's way through the browser, and what comes back of it. */
    class Login {
        final OIDCClientInformation client;
        final ResponseType responseType;
        final State state = new State();
        final Nonce nonce = new Nonce();
        final CodeVerifier verifier = new CodeVerifier();
        final AuthenticationSuccessResponse answer;

        Login(String responseType) throws Exception {
            this(responseType, app);
        }

        Login(String responseType, OIDCClientInformation client) throws Exception {
            this.client = client;
            this.responseType = ResponseType.parse(responseType);
            answer = ask(request().build()).toSuccessResponse();
        }

        AuthenticationRequest.Builder request() {
            var scope = new Scope("openid", "profile", "email");
            return new AuthenticationRequest.Builder(responseType, scope, client.getID(), CALLBACK)
                    .endpointURI(server.getAuthorizationEndpointURI())
                    .codeChallenge(verifier, CodeChallengeMethod.S256)
                    .state(state)
                    .nonce(nonce);
        }

        AuthenticationResponse ask(AuthenticationRequest request) throws Exception {
            var answer = AuthenticationResponseParser.parse(bob(request.toURI(), CALLBACK));
            assertEquals(state, answer.getState());
            assertEquals(server.getIssuer(), answer.getIssuer());
            return answer;
        }

        IDTokenClaimsSet check(JWT idToken) throws Exception {
            return validator(client).validate(idToken, nonce);
        }

        AuthorizationGrant grant() {
            return new AuthorizationCodeGrant(answer.getAuthorizationCode(), CALLBACK, verifier);
        }

        OIDCTokens redeem() throws Exception {
            return tokens(grant(), secret());
        }
    }

    static IDTokenValidator validator(OIDCClientInformation client) throws Exception {
        var algorithm = Optional.ofNullable(client.getOIDCMetadata().getIDTokenJWSAlg()).orElse(JWSAlgorithm.RS256);
        return new IDTokenValidator(server.getIssuer(), client.getID(), algorithm, server.getJWKSetURI().toURL());
    }

    static ClientAuthentication secret() {
        return new ClientSecretBasic(app.getID(), app.getSecret());
    }

    static OIDCTokens tokens(AuthorizationGrant grant, ClientAuthentication proof) throws Exception {
        var answer = send(grant, proof);
        assertTrue(answer.indicatesSuccess(), () -> answer.toErrorResponse().toJSONObject().toString());
        return ((OIDCTokenResponse) answer.toSuccessResponse()).getOIDCTokens();
    }

    static TokenResponse send(AuthorizationGrant grant, ClientAuthentication proof) throws Exception {
        var request = new TokenRequest.Builder(server.getTokenEndpointURI(), proof, grant).build();
        return OIDCTokenResponseParser.parse(request.toHTTPRequest().send());
    }

    static UserInfo userInfo(AccessToken token) throws Exception {
        return askUserInfo(token).getUserInfo();
    }

    static UserInfoSuccessResponse askUserInfo(AccessToken token) throws Exception {
        var request = new UserInfoRequest(server.getUserInfoEndpointURI(), token);
        return UserInfoResponse.parse(request.toHTTPRequest().send()).toSuccessResponse();
    }

    /** Where bob, in the browser of this test, comes to the app. */
    URI bob(URI url, URI appUri) throws Exception {
        var form = Map.of(
                "browser", List.of(browser),
                "url", List.of(url.toString()),
                "app_uri", List.of(appUri.toString()));
        return URI.create(hand("/bob", form));
    }

    /** What ../beside-demo.mjs does for us. */
    static String hand(String path, Map<String, List<String>> form) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(System.getenv("GRANTRY_HANDS") + path))
                .POST(HttpRequest.BodyPublishers.ofString(URLUtils.serializeParameters(form)))
                .build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        assertEquals(200, answer.statusCode(), answer.body());
        return answer.body();
    }
}
