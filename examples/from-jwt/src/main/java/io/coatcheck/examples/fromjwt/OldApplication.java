package io.coatcheck.examples.fromjwt;

import com.nimbusds.jwt.JWTClaimsSet;
import io.coatcheck.examples.quickstart.Answers;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * The application as tutorials show it. Until the token expires, it alone says who the user is and
 * what they may do. There is no logout: the script of the page deletes its copy. Do not copy this.
 */
final class OldApplication extends HttpServlet {

  private static final long serialVersionUID = 1L;
  private static final String SCHEME = "Bearer ";

  private final transient Accounts accounts;
  private final transient Tokens tokens;

  OldApplication(Accounts accounts, Tokens tokens) {
    this.accounts = accounts;
    this.tokens = tokens;
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (!"/login".equals(request.getPathInfo())) {
      response.setStatus(HttpServletResponse.SC_NOT_FOUND);
      return;
    }
    Optional<String> name = accounts.authenticate(request, response);
    if (name.isPresent()) {
      String token = tokens.issue(name.get(), accounts.isAdmin(name.get()));
      Answers.json(response, Map.of("token", token));
    }
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String header = request.getHeader("Authorization");
    Optional<JWTClaimsSet> claims =
        header == null || !header.startsWith(SCHEME)
            ? Optional.empty()
            : tokens.claims(header.substring(SCHEME.length()));
    if (claims.isEmpty()) {
      response.setStatus(HttpServletResponse.SC_UNAUTHORIZED);
      return;
    }
    switch (String.valueOf(request.getPathInfo())) {
      case "/orders" -> Answers.json(response, Orders.of(claims.get().getSubject()));
      case "/all-orders" -> {
        if (Boolean.TRUE.equals(claims.get().getClaim(Tokens.IS_ADMIN))) {
          Answers.json(response, Orders.all());
        } else {
          response.setStatus(HttpServletResponse.SC_FORBIDDEN);
        }
      }
      default -> response.setStatus(HttpServletResponse.SC_NOT_FOUND);
    }
  }
}
