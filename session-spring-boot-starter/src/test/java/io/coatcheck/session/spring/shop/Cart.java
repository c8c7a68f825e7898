package io.coatcheck.session.spring.shop;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.web.context.annotation.SessionScope;

/** A bean of the session. */
@Component
@SessionScope
class Cart implements Serializable {

  private static final long serialVersionUID = 1L;

  private final ArrayList<String> articles = new ArrayList<>();

  void add(String article) {
    articles.add(article);
  }

  List<String> articles() {
    return List.copyOf(articles);
  }
}
