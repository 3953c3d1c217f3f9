autocmd BufNewFile,BufRead *.soak setfiletype soak
