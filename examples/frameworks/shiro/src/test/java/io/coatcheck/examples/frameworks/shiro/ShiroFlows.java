package io.coatcheck.examples.frameworks.shiro;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.frameworks.trial.Browser;
import io.coatcheck.examples.frameworks.trial.Site;
import java.util.List;

/** What people do in the shop. Each flow returns all that the browsers were answered. */
enum ShiroFlows {
  LOGIN {
    @Override
    List<String> run(Site site) {
      Browser ann = site.browser();
      assertThat(ann.get("/payment?of=coat").path()).startsWith("/login");
      assertThat(logIn(ann, "ann", "wrong").body()).contains("IncorrectCredentials");
      assertThat(logIn(ann, "ann", "ticket").path()).isEqualTo("/payment?of=coat");
      assertThat(ann.get("/note?text=scarlet").body()).contains("who=ann").contains("note=scarlet");
      assertThat(ann.get("/help/me").body()).contains("staff=true");
      assertThat(ann.get("/logout").body()).contains("who=null").doesNotContain("scarlet");
      assertThat(ann.get("/payment").path()).isEqualTo("/login");
      return ann.transcript();
    }
  },

  REMEMBER_ME {
    @Override
    List<String> run(Site site) {
      Browser bob = site.browser();
      bob.get("/login");
      bob.post("/login", "username", "bob", "password", "ticket", "rememberMe", "true");
      assertThat(bob.get("/account").body()).contains("who=bob authenticated=true");
      bob.restart();
      assertThat(bob.get("/account").body()).contains("who=bob authenticated=false");
      assertThat(bob.get("/note?text=blue").body()).contains("remembered=true");
      assertThat(bob.get("/account").body()).contains("note=blue");
      assertThat(bob.get("/payment").path()).isEqualTo("/login");
      assertThat(logIn(bob, "bob", "ticket").body()).contains("/payment who=bob authenticated");
      bob.get("/logout");
      assertThat(bob.get("/account").path()).isEqualTo("/login");
      return bob.transcript();
    }
  },

  TWO_BROWSERS {
    @Override
    List<String> run(Site site) {
      Browser ann = site.browser();
      Browser bob = site.browser();
      ann.get("/payment");
      logIn(ann, "ann", "ticket");
      bob.get("/account");
      logIn(bob, "bob", "ticket");
      ann.get("/note?text=of+ann");
      bob.get("/note?text=of+bob");
      assertThat(ann.get("/account").body()).contains("who=ann").contains("note=of ann");
      assertThat(bob.get("/account").body()).contains("who=bob").contains("note=of bob");
      ann.get("/logout");
      assertThat(bob.get("/account").body()).contains("who=bob").contains("note=of bob");
      assertThat(bob.get("/help/me").status()).isEqualTo(403);
      return List.of(ann.transcript().toString(), bob.transcript().toString());
    }
  },

  RUN_AS {
    @Override
    List<String> run(Site site) {
      Browser ann = site.browser();
      ann.get("/payment");
      logIn(ann, "ann", "ticket");
      assertThat(ann.get("/help/begin?user=bob").body()).contains("who=bob");
      assertThat(ann.get("/account").body()).contains("who=bob");
      ann.get("/help/end");
      assertThat(ann.get("/note?text=done").body()).contains("who=bob");
      return ann.transcript();
    }
  };

  abstract List<String> run(Site site);

  static Browser.Page logIn(Browser browser, String name, String password) {
    return browser.post("/login", "username", name, "password", password);
  }
}
