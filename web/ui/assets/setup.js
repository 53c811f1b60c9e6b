(()=>{const c=location.hash.slice(1),f=document.getElementById("code");if(c&&f){f.value=c;history.replaceState(null,"",location.pathname+location.search)}})();
