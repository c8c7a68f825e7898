package io.coatcheck.session.spring.club;

import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Calls the service of a partner, for which the visitor gives leave there. */
@RestController
class PartnerPage {

  /** The access token of a visitor who is not logged in is kept in the session. */
  @GetMapping("/partner")
  String token(@RegisteredOAuth2AuthorizedClient("api") OAuth2AuthorizedClient client) {
    return client.getClientRegistration().getRegistrationId()
        + ": "
        + client.getAccessToken().getTokenValue();
  }
}
